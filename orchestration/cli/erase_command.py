"""`concierge erase`: people out of every store, proved by a scan."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.actor import current_actor
from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from orchestration.erasure.passing import Plan
    from orchestration.erasure.proof import Proof

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="TYPE VALUE …", help="Identifiers of the people, in clear: email ann@shop.org login ann"),
]
People = Annotated[
    Path | None, typer.Option("--file", metavar="CSV", help="Columns type and value, one identifier a row; - is stdin.")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Resume = Annotated[bool, typer.Option("--resume", help="Finish an erasure that was interrupted.")]


def erase(
    words: Words = None, people: People = None, dry_run: Dry = False, yes: Yes = False, resume: Resume = False
) -> None:
    """Erase people from every store, keep them out, and prove it by a scan.

    Whoever has one of the identifiers goes with all of theirs; what others share stays for the others. Orders and
    refunds stay without anybody behind them, so revenue stays true. The proof lies in data/erasures/. It cannot be
    undone; an interrupted erasure is finished by the next one, or with --resume.
    """
    from orchestration.cli.console import say

    pairs = [*pairs_of(words or []), *(read_people(people) if people else [])]
    if bool(pairs) == resume:
        raise typer.BadParameter("name people by TYPE VALUE or --file CSV, or give --resume alone")
    from orchestration.erasure.passing import erase as carry_out
    from orchestration.erasure.passing import plan

    project = open_project()
    if pairs and (dry_run or not yes):
        _show_plan(plan(project, pairs))
        if dry_run:
            return
        typer.confirm("Erase them? This cannot be undone", abort=True)
    proofs = carry_out(project, pairs, current_actor(), _show_step)
    for proof in proofs:
        _show_proof(proof, str(project.paths.root / "erasures" / proof.request_id / "proof.md"))
    if not proofs:
        say("nothing to finish: no erasure was interrupted")


def pairs_of(words: Sequence[str]) -> list[tuple[str, str]]:
    """TYPE VALUE TYPE VALUE … as pairs; `type:value` in one word is understood as well.

    Raises:
        typer.BadParameter: an odd word is left over.
    """
    from intake.event import IDENTIFIER_TYPES

    pairs: list[tuple[str, str]] = []
    rest = list(words)
    while rest:
        kind, colon, value = rest[0].partition(":")
        if colon and kind in IDENTIFIER_TYPES:
            pairs.append((kind, value))
            rest = rest[1:]
        elif len(rest) > 1:
            pairs.append((rest[0], rest[1]))
            rest = rest[2:]
        else:
            raise typer.BadParameter("identifiers come in pairs: TYPE VALUE; the last one lacks its value")
    return pairs


def read_people(file: Path) -> list[tuple[str, str]]:
    """Identifiers of a CSV with the columns type and value.

    Raises:
        CommandError: it cannot be read, or a column is missing or empty; names the line and never the value.
    """
    try:
        text = Path("/dev/stdin").read_text("utf-8-sig") if str(file) == "-" else file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: cannot be read as UTF-8 text: {type(error).__name__}") from error
    rows = csv.DictReader(text.splitlines())
    names = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
    if not {"type", "value"} <= names.keys():
        raise CommandError(f"{file}: needs the columns type and value (it has: {', '.join(names) or 'none'})")
    found = []
    for row in rows:
        kind, value = (str(row[names[name]] or "").strip() for name in ("type", "value"))
        if not kind or not value:
            raise CommandError(f"{file}: line {rows.line_num}: {'value' if kind else 'type'} is empty")
        found.append((kind, value))
    if not found:
        raise CommandError(f"{file}: names nobody")
    return found


def _show_step(name: str, done: int | None) -> None:
    """The name when a step begins, what it did when it is done."""
    typer.echo(f"{name}: " if done is None else f"{done:,}", nl=done is not None)


def _show_plan(found: Plan) -> None:
    from orchestration.cli.console import say

    kinds = ", ".join(f"{number} {kind}" for kind, number in found.identifiers.items())
    say(f"people: {found.people}; identifiers of their own: {kinds}")
    say(f"events in the lake: {found.lake_events:,} in {found.lake_files:,} files")
    for note in found.notes:
        say(f"note: {note}")


def _show_proof(proof: Proof, text: str) -> None:
    from orchestration.cli.console import say

    size = f"{proof.files_scanned:,} files, {proof.bytes_scanned / 1e6:,.1f} MB"
    say(f"erasure {proof.request_id}: people: {proof.people}; scanned {size}: nothing was found any more")
    for note in proof.notes:
        say(f"note: {note}")
    if proof.your_files:
        say(f"{len(proof.your_files)} files of your own still name them (landing/ and the like): see the proof")
    say(f"proof: {text}")
    say("next: concierge run rebuilds the days concerned")
