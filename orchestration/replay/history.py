"""What a person was shown: decisions of the service's log by identifier, and when each was seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from intake.log_line import payload
from intake.ops_erasure import SubjectAccess
from intake.ops_store import OpsStore
from intake.project import Project
from intake.tombstones import token_of, tombstone_key
from serving.explanation import DecisionRecord, record_of
from serving.log.lookup import logged_lines


def history(
    service_log: Path, hashes: Iterable[str], since: datetime | None = None, until: datetime | None = None
) -> list[DecisionRecord]:
    """Decisions for any of these identifiers, the earliest first.

    Args:
        service_log: the service's log.
        hashes: keyed hashes of one person's identifiers.
        since: only from this moment on.
        until: only before it.
    """
    values = b"|".join(re.escape(value).encode() for value in hashes)
    theirs = re.compile(b'"value":"(?:' + values + b')"')
    found = {}
    for line in _decoded(logged_lines(service_log / "decisions", theirs)):
        at = datetime.fromisoformat(line["occurred_at"])
        if (since is None or at >= since) and (until is None or at < until):
            found[line["event_id"]] = line
    seen = _exposures(service_log, {str(line["personalization_id"]) for line in found.values()})
    lines = sorted(found.values(), key=lambda line: (line["occurred_at"], line["event_id"]))
    return [record_of(line, seen.get(line["personalization_id"], [])) for line in lines]


def note_access(project: Project, value_hash: str, actor: str, rows: int) -> None:
    """Note who looked at whose history, the person by a tombstone only."""
    token = token_of(tombstone_key(project.paths), value_hash)
    access = SubjectAccess(project.clock.now(), actor, token, {"history": rows})
    OpsStore(project.paths).record_access(access)


def _exposures(service_log: Path, names: set[str]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    theirs = re.compile(b"|".join(sorted(name.encode() for name in names)) or b"$^")
    for line in _decoded(logged_lines(service_log / "exposures", theirs)):
        if line.get("personalization_id") in names:
            found.setdefault(line["personalization_id"], []).append(line)
    return {name: sorted(lines, key=lambda line: line["occurred_at"]) for name, lines in found.items()}


def _decoded(lines: Iterable[bytes]) -> Iterator[dict[str, str]]:
    for line in lines:
        try:
            yield msgspec.json.decode(payload(line))
        except (ValueError, msgspec.DecodeError):
            continue
