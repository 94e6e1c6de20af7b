"""`concierge experiment report`: what came of an experiment, read out now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.experiment_names import Name
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from orchestration.experiments.reading import Reading

COLUMNS = ("metric", "arm", "units", "change (95 %)", "p", "guard rail")


def report(
    name: Name,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write the page there.")] = None,
) -> None:
    """Read an experiment out from the tables of the last run: verdict, comparisons, health, what was assumed.

    Looks are taken by the daily run alone: asking more often costs nothing and decides nothing.
    """
    from orchestration.cli.console import say, show_table
    from orchestration.experiments.report_page import page
    from orchestration.experiments.wording import AFTERMATH, aftermath_rows, chance, lift

    project = open_project()
    reading = _reading(name)
    say(f"{reading.design.key}: {reading.words}")
    rows = [
        (one.estimate.metric.label, one.estimate.arm, "-" if one.estimate.effect is None else one.estimate.effect.n,
         lift(one), chance(one.p_adjusted), one.watch.state or "-")
        for one in reading.comparisons.arms
    ]  # fmt: skip
    if rows:
        show_table(COLUMNS, rows)
    if reading.aftermath:
        show_table(AFTERMATH, aftermath_rows(reading.aftermath, project.settings.currency))
    for check in reading.checks:
        say(f"{'ok' if check.is_ok else 'NOT ok'}: {check.name}: {check.words}")
    if html is not None:
        html.write_text(page(reading, project.settings.currency), encoding="utf-8")
        say(f"page: {html}")


def _reading(name: str) -> Reading:
    from orchestration.experiments.analysis import NotBuiltError, current_readings
    from orchestration.experiments.versions import named

    project = open_project()
    design = named(project, name)
    try:
        found = [one for one in current_readings(project) if one.experiment == name]
    except NotBuiltError as error:
        raise CommandError(str(error)) from error
    if not found:
        raise CommandError(f"{design.key}: it has not begun; start it with: concierge experiment start {name}")
    return found[-1]
