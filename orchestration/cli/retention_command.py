"""`concierge retention`: what is older than the settings allow goes."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.project import open_project


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
) -> None:
    """Remove what is older than `retention` in the settings allows, as the daily run does.

    Never the current export, the live snapshot, a current model, an open alert or a segment that was not taken in.
    """
    from orchestration.cli.console import say, show_table
    from orchestration.locks import quiet
    from orchestration.retention import enforce

    project = open_project()
    with quiet(project.paths):
        done = enforce(project, dry_run=dry_run)
    if not done:
        say("nothing to do: no days are set under retention in settings.yml, so everything is kept")
        return
    verb = "would go" if dry_run else "removed"
    show_table(
        ("store", "setting", "from before", verb, "of"),
        [(one.store, one.setting, f"{one.before:%Y-%m-%d %H:%M} UTC", one.count, one.what) for one in done],
    )
