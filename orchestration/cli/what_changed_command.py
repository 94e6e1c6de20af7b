"""`concierge what-changed`: what people did to what the shop answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.moments import instant
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from orchestration.edits.acts import Act

COLUMNS = ("at (UTC)", "by", "what", "", "customers")
DEFAULT = timedelta(days=7)
MOST_LINES = 8


def what_changed(
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since", parser=instant, metavar="DATE", help="From this moment on (UTC); else the last 7 days."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One act a line.")] = False,
) -> None:
    """List edits of placements, policies and experiments that went live, their authors and the customers concerned.

    Models promoted, identities linked or parted, and pauses in force stand among them. Customers are asked without a
    visit under way, 2,000 at most, so what a rule of the moment does is not in the count.
    """
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table
    from orchestration.edits.acts import acts_since

    project = open_project()
    begin = since or project.clock.now() - DEFAULT
    acts = acts_since(OpsStore(project.paths), begin)
    if as_json:
        _print_json(acts)
        return
    if not acts:
        say(f"nothing was changed by hand since {begin:%Y-%m-%d %H:%M} UTC")
        return
    show_table(COLUMNS, [_row(act) for act in acts])
    say("customers: whose answer changes when they are asked without a visit, a cart or a product in view")
    for act in acts:
        for line in act.details[:MOST_LINES]:
            say(f"  {act.subject}: {line}")
        if len(act.details) > MOST_LINES:
            say(f"  {act.subject}: {len(act.details) - MOST_LINES} more; all of them with --json")


def _row(act: Act) -> tuple[object, ...]:
    return f"{act.at:%Y-%m-%d %H:%M}", act.actor, act.subject, act.what, act.people


def _print_json(acts: list[Act]) -> None:
    import msgspec

    for act in acts:
        typer.echo(msgspec.json.encode(act))
