"""`concierge replay`: logged decisions made again, and whether the bytes are the same."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from intake.project import Project
    from orchestration.replay.replaying import Outcome


def replay(
    personalization_id: Annotated[
        str | None, typer.Argument(metavar="[PERSONALIZATION_ID]", help="As the answer of the service named it.")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--last", min=1, metavar="N", help="Instead of one, the last N logged decisions.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision made again as JSON.")] = False,
) -> None:
    """Make a logged decision again from what it read, and compare it byte by byte with what was answered then.

    It works as long as its snapshot, or what was kept of it (settings: retention.replay_days), is there; a decision
    whose person was erased answers "erased". Exit code 1 when the bytes differ.
    """
    from serving.log.lookup import PERSONALIZATION_ID

    if (personalization_id is None) == (last is None):
        raise typer.BadParameter("give either a PERSONALIZATION_ID or --last N")
    if personalization_id is None:
        _many(open_project(), last or 0)
        return
    if not PERSONALIZATION_ID.match(personalization_id):
        raise typer.BadParameter(f"{personalization_id!r}: 32 digits and letters a to f are needed")
    _one(open_project(), personalization_id, as_json=as_json)


def _one(project: Project, personalization_id: str, *, as_json: bool) -> None:
    from contextlib import closing

    from orchestration.replay.erased import why_missing
    from orchestration.replay.replaying import Replayer
    from serving.log.lookup import raw_decisions

    line = next(raw_decisions(project.paths.service_log, personalization_id), None)
    if line is None:
        raise CommandError(f"{personalization_id}: {why_missing(project, personalization_id)}")
    with closing(Replayer(project.paths)) as replayer:
        outcome = replayer.replay(line)
    _show(outcome, as_json=as_json)
    if not outcome.identical:
        raise CommandError(f"{personalization_id}: {outcome.problem}")


def _show(outcome: Outcome, *, as_json: bool) -> None:
    from orchestration.cli.console import say
    from orchestration.cli.decide_command import as_text, readable

    if outcome.again is None:
        return
    if as_json:
        say(as_text(outcome.again.decision))
        return
    for text in readable(outcome.again.decision):
        say(text)
    same = "the same bytes as then" if outcome.identical else "not the same as then"
    say(f"  replay    {same}: {outcome.bytes:,} bytes of log, digest of the answer {outcome.digest}")
    say(f"  read from {outcome.source}")


def _many(project: Project, last: int) -> None:
    from contextlib import closing
    from itertools import islice

    from orchestration.cli.console import say, show_table
    from orchestration.replay.replaying import Replayer
    from serving.log.lookup import decision_lines

    with closing(Replayer(project.paths)) as replayer:
        lines = islice(decision_lines(project.paths.service_log), last)
        problems = _problems(replayer.replay(line) for line in lines)
    asked = problems.total()
    if not asked:
        raise CommandError(f"{project.paths.service_log}: no decision is logged yet; ask the service for one")
    same = problems.pop("", 0)
    say(f"{same:,} of {asked:,} decisions came out with the same bytes")
    if problems:
        show_table(("decisions", "why not"), [(count, why) for why, count in problems.most_common()])
        raise CommandError(f"{asked - same:,} of {asked:,} decisions could not be replayed with the same bytes")


def _problems(outcomes: Iterable[Outcome]) -> Counter[str]:
    return Counter(outcome.problem for outcome in outcomes)
