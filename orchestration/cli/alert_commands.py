"""`concierge alerts`: what data-quality checks found, and who looks after it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from orchestration.cli.actor import current_actor
from orchestration.cli.project import open_project

alerts = typer.Typer(help="Data-quality alerts: list, acknowledge, resolve.", no_args_is_help=True)

AlertId = Annotated[str, typer.Argument(metavar="ID", help="The alert's id, or its first characters.")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="What is known or was done about it.")]


class Shown(StrEnum):
    """Which alerts `list` shows; `standing` is open and acknowledged together."""

    STANDING = "standing"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ALL = "all"


@alerts.command("list")
def list_alerts(
    state: Annotated[Shown, typer.Option("--state", help="Which alerts.")] = Shown.STANDING,
) -> None:
    """List alerts, the latest first. The same cause stays one alert, counted, until it is resolved."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table

    found = [alert for alert in OpsStore(open_project().paths).list_alerts() if _matches(state, alert.state)]
    if not found:
        say(f"no alerts ({state.value})")
        return
    rows = [
        (a.alert_id, a.severity, a.state, f"{a.last_seen_at:%Y-%m-%d %H:%M}", a.count, a.source, a.title, a.owner)
        for a in found
    ]
    show_table(("id", "severity", "state", "last seen (UTC)", "times", "source", "what", "owner"), rows)


@alerts.command("show")
def show(alert_id: AlertId) -> None:
    """Show one alert in full, with its masked sample."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table
    from orchestration.cli.errors import CommandError

    found = [alert for alert in OpsStore(open_project().paths).list_alerts() if alert.alert_id.startswith(alert_id)]
    if len(found) != 1:
        raise CommandError(f"alert {alert_id!r}: {len(found)} alerts have an id that starts like this")
    alert = found[0]
    say(f"{alert.alert_id}  {alert.severity}  {alert.state}  {alert.title}")
    say(f"{alert.count} times, {alert.first_seen_at:%Y-%m-%d %H:%M} to {alert.last_seen_at:%Y-%m-%d %H:%M} UTC")
    for label, text in (("cause", alert.cause), ("detail", alert.detail), ("owner", alert.owner), ("note", alert.note)):
        if text:
            say(f"{label}: {text}")
    if alert.sample:
        columns = tuple(dict.fromkeys(key for row in alert.sample for key in row))
        show_table(columns, [[row.get(column) for column in columns] for row in alert.sample], title="sample")


@alerts.command("ack")
def acknowledge(
    alert_id: AlertId,
    note: Note = "",
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="Who looks after it; you.")] = "",
) -> None:
    """Acknowledge an alert: somebody looks after it, and runs go on."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    alert = OpsStore(open_project().paths).acknowledge(alert_id, owner=owner or current_actor(), note=note)
    say(f"{alert.alert_id} acknowledged by {alert.owner}: {alert.title}")


@alerts.command("resolve")
def resolve(alert_id: AlertId, note: Note = "") -> None:
    """Resolve an alert: it is dealt with, and the same cause opens a new one from now on."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    alert = OpsStore(project.paths).resolve(alert_id, at=project.clock.now(), note=note or None)
    say(f"{alert.alert_id} resolved: {alert.title}")


def _matches(shown: Shown, state: str) -> bool:
    if shown is Shown.STANDING:
        return state != "resolved"
    return shown in (Shown.ALL, state)
