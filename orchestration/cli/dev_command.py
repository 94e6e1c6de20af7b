"""`concierge dev`: the Dagster UI with its daemon."""

from __future__ import annotations

import os
import signal
from typing import Annotated

import typer

from orchestration.cli.project import open_project


def dev(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="Port of the UI.")] = 3000,
) -> None:
    """Open the asset graph, its schedules and checks in the Dagster UI, with the daemon that runs them.

    Stop it with Ctrl+C. The UI has no login of its own: leave it on loopback, or put it behind something that has.
    """
    from intake.paths import repository_root
    from orchestration import environment
    from orchestration.cli.console import say

    project = open_project()
    environment.configure(project.paths, project.config)
    from orchestration.instance import open_instance

    # The UI, its daemon and the code server start together: the storage they share is laid out before them.
    with open_instance(project.paths):
        pass
    workspace = repository_root() / "workspace.yaml"
    command = [environment.executable("dg"), "dev", "--workspace", str(workspace), "--host", host, "--port", str(port)]
    say(f"Dagster UI: http://{host}:{port}  (data: {project.paths.root})")
    # Started in the background by a script SIGINT is ignored, and Dagster gives SIGTERM the same fate: it never ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # The UI takes this process over, so that Ctrl+C and a supervisor's signal reach it directly.
    os.execv(command[0], command)  # noqa: S606
