"""`concierge alerts`: what data-quality checks found, and who looks after it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from orchestration.cli.actor import current_actor
from orchestration.cli.alert_view import Shown, matches, plain, say_alert, state_of
from orchestration.cli.moments import instant
from orchestration.cli.project import open_project

alerts = typer.Typer(help="Data-quality alerts: list, acknowledge, resolve, mute, notify.", no_args_is_help=True)

AlertId = Annotated[str, typer.Argument(metavar="ID", help="The alert's id, or its first characters.")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="What is known or was done about it.")]
Owner = Annotated[str, typer.Option("--owner", metavar="NAME", help="Who looks after it; you.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


class Grade(StrEnum):
    """Severities, the least first."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@alerts.command("list")
def list_alerts(
    state: Annotated[Shown, typer.Option("--state", help="Which alerts.")] = Shown.STANDING,
    severity: Annotated[Grade, typer.Option("--severity", help="This severity and above.")] = Grade.INFO,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Only of this source.")] = "",
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="Only of this kind, e.g. volume_low.")] = "",
    as_json: AsJson = False,
) -> None:
    """List alerts, the latest first. The same cause stays one alert, counted, until it is resolved."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table

    project = open_project()
    now, least = project.clock.now(), list(Grade).index(severity)
    found = [
        alert
        for alert in OpsStore(project.paths).list_alerts()
        if matches(state, alert, now)
        and list(Grade).index(Grade(alert.severity)) >= least
        and source in ("", alert.source)
        and kind in ("", alert.kind)
    ]
    if as_json:
        say(json.dumps([plain(alert) for alert in found], indent=1, default=str))
    elif not found:
        say(f"no alerts ({state.value})")
    else:
        rows = [
            (a.alert_id, a.severity, state_of(a, now), f"{a.last_seen_at:%Y-%m-%d %H:%M}", a.count, a.source, a.title,
             a.owner)
            for a in found
        ]  # fmt: skip
        show_table(("id", "severity", "state", "last seen (UTC)", "times", "source", "what", "owner"), rows)


@alerts.command("show")
def show(alert_id: AlertId, as_json: AsJson = False) -> None:
    """Show one alert in full: what was expected, its masked sample, and its history."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    store = OpsStore(project.paths)
    alert = store.alert(alert_id)
    if as_json:
        notes = [asdict(note) for note in store.alert_notes(alert.alert_id)]
        say(json.dumps({**plain(alert), "history": notes}, indent=1, default=str))
        return
    say_alert(alert, store, project.clock.now())


@alerts.command("ack")
def acknowledge(alert_id: AlertId, note: Note = "", owner: Owner = "") -> None:
    """Acknowledge an alert: somebody looks after it, and runs go on."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    alert = OpsStore(project.paths).acknowledge(
        alert_id, owner=owner or current_actor(), at=project.clock.now(), note=note
    )
    say(f"{alert.alert_id} acknowledged by {alert.owner}: {alert.title}")


@alerts.command("resolve")
def resolve(alert_id: AlertId, note: Note = "", owner: Owner = "") -> None:
    """Resolve an alert: it is dealt with, and the same cause opens a new one that names it."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    alert = OpsStore(project.paths).resolve(
        alert_id, at=project.clock.now(), note=note or None, actor=owner or current_actor()
    )
    say(f"{alert.alert_id} resolved: {alert.title}")


@alerts.command("mute")
def mute(
    alert_id: AlertId,
    until: Annotated[datetime, typer.Option("--until", metavar="MOMENT", parser=instant, help="UTC date or instant.")],
    note: Note = "",
    owner: Owner = "",
) -> None:
    """Mute an alert's cause (source and kind): it goes on counting, but is neither listed nor sent until then."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    alert = OpsStore(project.paths).mute(
        alert_id, until=until, at=project.clock.now(), actor=owner or current_actor(), note=note
    )
    say(f"{alert.alert_id} muted until {until:%Y-%m-%d %H:%M} UTC, and what {alert.family} finds until then")


@alerts.command("unmute")
def unmute(alert_id: AlertId, note: Note = "", owner: Owner = "") -> None:
    """Let a muted cause be seen again."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    alert = OpsStore(project.paths).unmute(alert_id, at=project.clock.now(), actor=owner or current_actor(), note=note)
    say(f"{alert.alert_id} is seen again: {alert.title}")


@alerts.command("notify")
def notify_receivers(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
) -> None:
    """Send new alerts to the receivers of the settings (alerts.notify), one digest each; runs do so by themselves."""
    from orchestration.cli.console import say
    from orchestration.cli.errors import CommandError
    from orchestration.notices.send import notify

    done = notify(open_project(), dry_run=dry_run)
    if not done:
        say("nobody is told: settings.yml has no alerts.notify")
    for notice in done:
        apart = "\n" if notice.state == "would send" else " "
        say(f"{notice.receiver}: {notice.state}{':' + apart + notice.said if notice.said else ''}")
    failed = [notice.receiver for notice in done if notice.failed]
    if failed:
        raise CommandError(f"not delivered to {', '.join(failed)}")


@alerts.command("web")
def web(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="On 127.0.0.1; 0 takes a free one.")] = 8766,
) -> None:
    """Serve a page on this machine with all alerts: trend, samples, what they touch, and buttons. Ctrl+C ends it."""
    from orchestration.alerts_web.server import serve

    serve(open_project(), port, current_actor())
