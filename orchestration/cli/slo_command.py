"""`concierge slo`: what was promised, and whether it is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.ops_records import Metric
    from intake.settings_quality import SloSettings

UNITS = {"hours": "h", "minutes": "min", "seconds": "s", "days": "d", "ms": "ms"}


def slo(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show each service level objective as the last run measured it, next to its target (settings.yml, slo)."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table

    project = open_project()
    measured = [item for item in OpsStore(project.paths).metrics() if item.metric.startswith("slo_")]
    rows = objectives(project.settings.slo, measured)
    if as_json:
        names = ("objective", "of", "value", "target", "unit", "state", "measured_on")
        say(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=1))
    else:
        show_table(("objective", "of", "value", "target", "unit", "state", "measured on"), rows)


def objectives(promised: SloSettings, measured: list[Metric]) -> list[tuple[object, ...]]:
    """One row an objective and source: name, source, value, target, unit, state, day; breached ones first."""
    newest: dict[tuple[str, str], Metric] = {}
    for item in measured:
        newest[item.metric.removeprefix("slo_"), item.dimension] = item
    rows = []
    for name in type(promised).model_fields:
        known: dict[str, Metric | None] = {of: item for (measure, of), item in newest.items() if measure == name}
        rows += [_row(promised, name, of, known[of]) for of in sorted(known)] or [_row(promised, name, "", None)]
    return sorted(rows, key=lambda row: row[5] != "breached")


def _row(promised: SloSettings, name: str, of: str, item: Metric | None) -> tuple[object, ...]:
    target = promised.freshness_hours.get(of, promised.freshness_hours.get("*")) if of else getattr(promised, name)
    target = None if isinstance(target, dict) else target
    unit = UNITS[name.rsplit("_", 1)[1]]
    if item is None:
        return (name, of or None, None, target, unit, "not measured", None)
    state = "no target" if target is None else "met" if item.value <= target else "breached"
    return (name, of or None, round(item.value, 3), target, unit, state, str(item.metric_date))
