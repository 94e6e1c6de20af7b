"""`concierge history`: what a person was shown, and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.moments import instant
from orchestration.cli.naming import hashed, mask
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.project import Project
    from serving.explanation import DecisionRecord

COLUMNS = ("decided", "placement", "action", "rung", "shown", "reason")


def history(
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="login, loyalty_id, email, phone, device_id, cookie …")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The identifier in clear; it is hashed at once.")],
    since: Annotated[
        datetime | None, typer.Option("--from", parser=instant, metavar="DATE", help="From this moment on (UTC).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", parser=instant, metavar="DATE", help="Before this moment (UTC).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Whole records, one a line.")] = False,
) -> None:
    """List what a person was shown, and why: decisions for any identifier that is tied to them, from the service's log.

    That somebody looked is noted in ops.sqlite, the person by a tombstone only.
    """
    from orchestration.cli.actor import current_actor
    from orchestration.cli.console import say, show_table
    from orchestration.replay.history import history as shown_to
    from orchestration.replay.history import note_access

    project = open_project()
    value_hash = hashed(project, kind, value)
    found = shown_to(project.paths.service_log, _theirs(project, kind, value_hash), since, until)
    note_access(project, value_hash, current_actor(), len(found))
    if as_json:
        _print_json(found)
        return
    show_table(COLUMNS, [_row(one) for one in found], title=f"{kind} {mask(value_hash)}: {len(found):,} decisions")
    if found:
        say(f"in full: concierge explain-decision {found[-1].personalization_id}")


def _row(record: DecisionRecord) -> tuple[object, ...]:
    seen = f"{record.shown_at[0]:%Y-%m-%d %H:%M:%S}" if record.shown_at else None
    decided = f"{record.decided_at:%Y-%m-%d %H:%M:%S}"
    return decided, record.placement, record.action, record.rung.value, seen, record.reason


def _theirs(project: Project, kind: str, value_hash: str) -> set[str]:
    """Hashes of all identifiers of the person; of somebody whom no run has seen, the one that was given."""
    from orchestration.cli.explain_command import IDENTIFIERS, PERSON
    from orchestration.cli.published import Published

    customer = None
    if Published.exists(project.paths):
        published = Published.current(project.paths)
        customer = published.value(PERSON, [kind, value_hash])
    rows = published.rows(IDENTIFIERS, [customer]) if customer is not None else []
    return {value_hash, *(str(row["value_hash"]) for row in rows)}


def _print_json(found: list[DecisionRecord]) -> None:
    import msgspec

    for record in found:
        typer.echo(msgspec.json.encode(record))
