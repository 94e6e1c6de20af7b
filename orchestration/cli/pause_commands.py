"""`concierge pause` and `resume`: the kill switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.actor import current_actor
from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.project import Project

EVERYTHING = "all"

Scope = Annotated[str, typer.Argument(metavar="PLACEMENT", help="A placement, or: all.")]


def pause(
    scope: Scope,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the pause.")] = "",
) -> None:
    """Stop personalizing a placement, or everything: the service answers with the plain variant within a second."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    project = open_project()
    _check_scope(project, scope)
    made = OpsStore(project.paths).set_pause(
        scope, reason=reason or "paused by hand", actor=current_actor(), at=project.clock.now()
    )
    say(f"paused: {made.scope} ({made.reason}); lift it with: concierge resume {made.scope}")


def resume(scope: Scope) -> None:
    """Lift a pause."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say

    store = OpsStore(open_project().paths)
    if not store.clear_pause(scope):
        in_force = ", ".join(found.scope for found in store.pauses()) or "nothing"
        raise CommandError(f"{scope}: is not paused; paused: {in_force}")
    say(f"resumed: {scope}")


def _check_scope(project: Project, scope: str) -> None:
    names = sorted(file.stem for file in (project.config / "placements").glob("*.yml"))
    if scope != EVERYTHING and scope not in names:
        raise CommandError(f"{scope!r} is not a placement; allowed: {', '.join([*names, EVERYTHING])}")
