"""`concierge serve`: the lookup service."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.project import open_project


def serve(
    host: Annotated[
        str | None, typer.Option("--host", help="Address; beyond loopback only once there is a key. Else: settings.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65_535, help="Port. Else: settings.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=64, help="Processes. Else: settings.")] = None,
) -> None:
    """Serve decisions, profiles, events and exposures over HTTP until Ctrl+C or SIGTERM.

    It starts before there is a snapshot and picks up each new one by itself. Its page: /docs.
    """
    from orchestration.cli.console import say
    from serving.server import serve as serve_project
    from serving.server import who_may_call

    project = open_project()
    settings = project.settings.serving
    say(f"lookup service: http://{host or settings.host}:{port or settings.port}  (docs: /docs, ready: /readyz)")
    say(f"  {who_may_call(project)}")
    serve_project(project, host=host, port=port, workers=workers)
