"""`concierge pause` and `resume`: the kill switch, and what paused by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from orchestration.cli.actor import current_actor
from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.project import Project

EVERYTHING = "all"


class PauseGroup(TyperGroup):
    """`concierge pause home_hero` is short for `concierge pause set home_hero`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `set` in front of whatever is no subcommand."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["set", *args]
        return super().parse_args(ctx, args)


pause = typer.Typer(
    cls=PauseGroup,
    help="Stop personalizing a placement, an arm or everything; see what is paused and why; resume.",
    no_args_is_help=True,
)

Scope = Annotated[
    str, typer.Argument(metavar="SCOPE", help="A placement, `all`, or an arm: arm:experiment/version/arm.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")]
Cause = Annotated[
    str, typer.Option("--cause", metavar="CAUSE", help="Only what was paused for this: drift, …; by_hand is yours.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@pause.command("set")
def set_pause(scope: Scope, reason: Reason = "") -> None:
    """Stop personalizing: the service answers with the plain variant within a second. `set` may be left out."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    _check_scope(project, scope)
    made = OpsStore(project.paths).set_pause(
        scope, reason=reason or "paused by hand", actor=current_actor(), at=project.clock.now()
    )
    say(f"paused: {made.scope} ({made.reason}); lift it with: concierge resume {made.scope}")


@pause.command("list")
def list_pauses(as_json: AsJson = False) -> None:
    """List what is paused now: since when, by whom, for what, and what would lift it."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table
    from orchestration.pausing.telling import in_force

    project = open_project()
    found = in_force(OpsStore(project.paths), project.settings.pausing, project.clock.now())
    if as_json:
        say(json.dumps([one.plain() for one in found], indent=1, default=str))
    elif not found:
        say("nothing is paused")
    else:
        rows = [(one.scope, one.cause, f"{one.since:%Y-%m-%d %H:%M}", one.actor, one.reason) for one in found]
        show_table(("scope", "cause", "since (UTC)", "by", "why"), rows)


@pause.command("status")
def status(
    scope: Annotated[str, typer.Argument(metavar="[SCOPE]", help="Only this placement, arm, or `all`.")] = "",
    history: Annotated[int, typer.Option("--history", min=0, help="So many of the last steps.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show every cause that is watched: how it stands, its evidence, what would lift a pause, and the last steps."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say
    from orchestration.pausing.telling import as_json_text, as_lines

    project = open_project()
    store, now = OpsStore(project.paths), project.clock.now()
    if as_json:
        say(as_json_text(store, project.settings.pausing, now, scope, history))
    else:
        for line in as_lines(store, project.settings.pausing, now, scope, history):
            say(line)


@pause.command("resume")
def resume(scope: Scope, cause: Cause = "", reason: Reason = "") -> None:
    """Lift the pauses of a scope. What paused by itself is left alone for pausing.grace_hours, for the same reasons."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    store, now = OpsStore(project.paths), project.clock.now()
    grace = timedelta(hours=project.settings.pausing.grace_hours)
    lifted = store.lift(
        scope, actor=current_actor(), at=now, reason=reason or "resumed by hand", grace=grace, cause=cause
    )
    if not lifted:
        in_force = ", ".join(dict.fromkeys(found.scope for found in store.pauses())) or "nothing"
        asked = f" for {cause}" if cause else ""
        raise CommandError(f"{scope}: is not paused{asked}; paused: {in_force}")
    causes = [found.cause for found in lifted if found.is_automatic]
    again = f" (not paused again for {', '.join(causes)} before {now + grace:%Y-%m-%d %H:%M} UTC)" if causes else ""
    say(f"resumed: {scope}{again}")


def _check_scope(project: Project, scope: str) -> None:
    from intake.pause_records import is_arm

    names = sorted(file.stem for file in (project.config / "placements").glob("*.yml"))
    if scope != EVERYTHING and scope not in names and not is_arm(scope):
        allowed = ", ".join([*names, EVERYTHING])
        raise CommandError(f"{scope!r} is not a placement; allowed: {allowed}, or arm:experiment/version/arm")
