"""The proof of an erasure: what was removed where, what the scan saw, what is outside reach. No personal data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from intake.paths import DataPaths
from orchestration.erasure.scope import folder_of

PROOF_JSON, PROOF_TEXT = "proof.json", "proof.md"
OUTSIDE = (
    "archives of `concierge backup`: erase again after a restore (`concierge restore --erasures DIR` does)",
    "copies that people took of published tables, and what was sent to other systems",
    "files in `landing/` and at other locations of contracts: they are the shop's own",
)


@dataclass
class Proof:
    """What one request did.

    Attributes:
        request_id: names the request.
        requested_at: UTC; events from before are theirs, later ones a new relationship.
        finished_at: UTC.
        actor: who asked for it at the keyboard.
        people: how many customers it was about.
        tombstones: tokens of what was erased.
        removed: rows, lines or files that went, by store.
        files_scanned: in the scan at the end.
        bytes_scanned: likewise.
        found: what the scan still found; empty when the erasure is proved.
        your_files: files of the shop that name them.
        notes: what the requester should know.
        outside: what no scan of ours can reach.
    """

    request_id: str
    requested_at: str
    finished_at: str
    actor: str
    people: int
    tombstones: list[str]
    removed: dict[str, int]
    files_scanned: int
    bytes_scanned: int
    found: list[dict[str, str]] = field(default_factory=list)
    your_files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    outside: tuple[str, ...] = OUTSIDE

    @property
    def holds(self) -> bool:
        """Whether nothing was found any more."""
        return not self.found


def write_proof(paths: DataPaths, proof: Proof) -> Path:
    """Write it for programs (JSON) and for people (Markdown); the latter's path."""
    folder = folder_of(paths, proof.request_id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROOF_JSON).write_text(json.dumps(asdict(proof), indent=1) + "\n", encoding="utf-8")
    text = folder / PROOF_TEXT
    text.write_text("\n".join(_lines(proof)) + "\n", encoding="utf-8")
    return text


def _lines(proof: Proof) -> list[str]:
    verdict = "nothing was found any more" if proof.holds else f"**{len(proof.found)} places still name them**"
    return [
        f"# Erasure {proof.request_id}",
        "",
        f"Asked for by {proof.actor} at {proof.requested_at}, finished at {proof.finished_at}; people: {proof.people}.",
        f"The scan opened {proof.files_scanned:,} files ({proof.bytes_scanned / 1e6:,.1f} MB): {verdict}.",
        "",
        "| store | rows, lines or files removed or changed |",
        "|---|---|",
        *(f"| {name} | {rows:,} |" for name, rows in proof.removed.items()),
        "",
        *_listed("Still there", [f"{item['path']}: {item['what']}" for item in proof.found]),
        *_listed("Files of your own that name them", proof.your_files),
        *_listed("Notes", proof.notes),
        *_listed("Outside the reach of this scan", list(proof.outside)),
        *_listed("Tombstones", proof.tombstones),
    ]


def _listed(title: str, items: list[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {item}" for item in items), ""] if items else []
