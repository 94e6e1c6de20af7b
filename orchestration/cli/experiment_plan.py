"""`concierge experiment plan`: how large an experiment must be, before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.experiment_names import Name
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.project import Project
    from orchestration.experiments.history import Past
    from orchestration.experiments.planning import Plan
    from serving.experiments.definition import Experiment


def plan(
    name: Name,
    effect: Annotated[
        float | None,
        typer.Option("--effect", min=1e-4, max=10, help="Relative change to find, 0.05 is five in a hundred; "
                     "minimum_effect of the file by default."),
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", metavar="NAME", help="The primary one by default.")] = None,
    days: Annotated[int, typer.Option("--days", min=7, max=365, help="How much of the past to plan from.")] = 28,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:  # fmt: skip
    """Plan an experiment from the shop's own past: units, days, and what could be found at all.

    Reads base rate, spread, traffic and how well earlier orders foretell later ones. Says what it assumed; refuses
    where the past is too thin, with the numbers.
    """
    from orchestration.experiments.planning import NoBasisError
    from orchestration.experiments.planning import plan as planned
    from orchestration.experiments.versions import named

    project = open_project()
    design = named(project, name)
    asked = effect or design.minimum_effect
    if asked is None:
        raise CommandError(f"{design.key}: it has no minimum_effect; add it to the file or give --effect 0.05")
    try:
        found = planned(design, _past(project, design, days), asked, metric)
    except NoBasisError as error:
        raise CommandError(str(error)) from error
    _show_json(found) if as_json else _show(design, found, project.settings.currency)


def _past(project: Project, design: Experiment, days: int) -> Past:
    import pandas as pd

    from orchestration.experiments.analysis import NotBuiltError, require_built
    from orchestration.experiments.history import past_units
    from orchestration.pin import current_as_of
    from orchestration.warehouse import Warehouse

    warehouse = Warehouse(project.paths.warehouse)
    as_of = current_as_of(warehouse)
    if as_of is None:
        raise CommandError(f"{project.paths.warehouse}: there is no data to plan from yet; make it with: concierge run")
    warehouse.prepare()
    try:
        with warehouse.connect() as connection:
            require_built(connection)
            return past_units(connection, design, pd.Timestamp(as_of).tz_convert("UTC").tz_localize(None), days)
    except NotBuiltError as error:
        raise CommandError(str(error)) from error


def _show(design: Experiment, found: Plan, currency: str) -> None:
    from orchestration.cli.console import say, show_table
    from orchestration.experiments.wording import figure

    mean = figure(found.mean, found.metric, currency)
    say(f"{design.key}: {found.metric.label} is {mean}; correlation with {found.metric.covariate or 'nothing'} before "
        f"the exposure {found.correlation:.2f}")  # fmt: skip
    say(f"To find {found.needed.effect:+.1%} it needs {found.needed.units:,} units of all arms: "
        f"{found.needed.days:,} days at {found.units_a_day:,.1f} new units a day.")  # fmt: skip
    show_table(("effect", "units", "days"), [(f"{n.effect:.2%}", f"{n.units:,}", f"{n.days:,}") for n in found.table])
    show_table(
        ("weeks", "smallest effect that can be found"),
        [(weeks, "none" if size is None else f"{size:.1%}") for weeks, size in found.within],
    )
    say("Assumed:")
    for line in found.assumed:
        say(f"- {line}")
    if design.planned_size != found.needed.units:
        say(f"In the file: planned_size: {design.planned_size}; from this plan: planned_size: {found.needed.units}")


def _show_json(found: Plan) -> None:
    import json
    from dataclasses import asdict

    from orchestration.cli.console import say

    say(json.dumps({**asdict(found), "metric": found.metric.name}, indent=1))
