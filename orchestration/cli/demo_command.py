"""`concierge demo`: the whole path on the embedded data set."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from orchestration.cli.moments import instant
from orchestration.cli.project import open_project


def demo(
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="In a fresh data folder: everything as it stood at that moment."),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Ask the service for 1,000 decisions.")] = True,
) -> None:
    """Run the whole path on the embedded data set and print a summary.

    Orders, campaigns and products are Complete Journey of 84.51°, which its package calls simulated from real grocery
    shopping patterns; browsing, devices, letters, prices, stock and consent are simulated on top of them. A second
    run takes in only what is new and says what it did not have to do again.
    """
    from orchestration.cli.console import say
    from orchestration.cli.progress import Progress
    from orchestration.demo.flow import run_demo
    from orchestration.demo.stages import StageLog
    from orchestration.demo.summary import show_summary
    from simulation.embedded import write_embedded_layer

    started = time.perf_counter()
    project = open_project()
    moment = instant(as_of) if as_of else project.clock.now()
    say(f"Concierge demo, as of {moment:%Y-%m-%d %H:%M} UTC; data in {project.paths.root}")
    with Progress() as progress:
        result = run_demo(
            project,
            moment,
            StageLog(progress),
            lambda: write_embedded_layer(project.paths.root, project.settings.seed),
            serve=serve,
        )
    show_summary(project, result)
    say(f"Done in {time.perf_counter() - started:.0f} s, at most {result.log.peak_bytes / 1e9:.1f} GB of memory")
