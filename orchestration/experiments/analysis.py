"""Read out every experiment: tables, looks, ramps, alerts and pages, from the warehouse as it stands.

No Dagster and no dbt: the daily run calls this, and so may whoever moves the clock on by hand.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import pandas as pd

from intake.ops_experiments import ExperimentBook
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.experiments.assignment import assignments, conflicts, note_shown, shown_on
from orchestration.experiments.exploring import aftermath
from orchestration.experiments.pages import write_pages
from orchestration.experiments.ramping import move_on
from orchestration.experiments.reading import Reading
from orchestration.experiments.reading_out import Material, read_out
from orchestration.experiments.result_rows import RESULT, result_frame
from orchestration.experiments.shadowing import agreements
from orchestration.experiments.telling import tell
from orchestration.experiments.unit_table import unit_rows
from orchestration.experiments.values import keep_values
from orchestration.experiments.versions import every_version, has_begun, in_files, is_over
from orchestration.pin import current_as_of
from orchestration.policy.fairness_rules import load_fairness_rules
from orchestration.warehouse import Warehouse
from serving.experiments.definition import Experiment

ASSIGNMENT, UNIT, CONFLICT = "ml.assignment", "ml.experiment_unit", "ml.identity_conflict"
NEEDED = ("fct_exposure", "fct_outcome", "fct_decision", "fct_session", "fct_order", "customer_sensitive")


class NotBuiltError(RuntimeError):
    """The tables that experiments are read from are not there, or of an older layout."""


def analyse(project: Project, as_of: datetime) -> list[Reading]:
    """Read out every version that began or was seen, and write down what was found.

    Args:
        project: whose experiments.
        as_of: aware; what happened at or after it is not seen.

    Raises:
        ConfigError: a mistake in the definitions.
        NotBuiltError: no run has built the tables of exposures and outcomes yet.
    """
    now = as_of.astimezone(UTC)
    warehouse, book = Warehouse(project.paths.warehouse), ExperimentBook(project.paths)
    warehouse.prepare()
    assigned, units, readings = _read(project, warehouse, book, now)
    warehouse.replace({
        ASSIGNMENT: assigned, UNIT: units, CONFLICT: conflicts(assigned).assign(as_of=now),
        RESULT: result_frame(readings),
    })  # fmt: skip
    for reading in readings:
        book.record_looks(reading.looks)
        move_on(book, reading, now)
    tell(project, readings)
    write_pages(project, readings)
    return readings


def current_readings(project: Project) -> list[Reading]:
    """Every version as it stands with the last run, writing nothing: looks that were taken, none that is due.

    Raises:
        ConfigError: a mistake in the definitions.
        NotBuiltError: no run has built the tables yet.
    """
    warehouse, book = Warehouse(project.paths.warehouse), ExperimentBook(project.paths)
    now = current_as_of(warehouse)
    if now is None:
        raise NotBuiltError(f"{project.paths.warehouse}: nothing was run yet; build the tables with `concierge run`")
    warehouse.prepare()
    return _read(project, warehouse, book, now, takes_looks=False)[2]


def _read(
    project: Project,
    warehouse: Warehouse,
    book: ExperimentBook,
    now: datetime,
    *,
    takes_looks: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame, list[Reading]]:
    moment = pd.Timestamp(now).tz_localize(None)
    files, paused = in_files(project), OpsStore(project.paths).paused_arms()
    designs = every_version(project, files)
    current = {name: one.version for name, one in files.items()}
    with warehouse.connect() as connection:
        require_built(connection)
        note_shown(connection, moment)
        assigned = assignments(connection)
        keep_values(connection, assigned, designs)
        units = unit_rows(connection, assigned, designs, moment)
        groups, least = groups_of(connection, project)
        readings = []
        for design in designs:
            events = book.experiment_events(design.name, design.version)
            own = of_version(assigned, design)
            if own.empty and not has_begun(design, events, now):
                continue
            material = Material(
                own, of_version(units, design), book.looks(design.name, design.version), events,
                agreements(connection, design, moment), groups, least,
                is_over(design, events, current.get(design.name), now), takes_looks, paused_of(design, paused),
                *shown_on(connection, design.name, design.version),
            )  # fmt: skip
            reading = read_out(design, material, now)
            readings.append(replace(reading, aftermath=aftermath(connection, design, moment)))
    return assigned, units, readings


def require_built(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise NotBuiltError where a table or a column that experiments need is not there."""
    found = connection.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
    ).fetchall()
    tables = {str(row[0]) for row in found}
    missing = [name for name in NEEDED if name not in tables]
    if missing or ("fct_exposure", "experiment") not in {(str(a), str(b)) for a, b in found}:
        told = ", ".join(f"marts.{name}" for name in missing) or "marts.fct_exposure.experiment"
        raise NotBuiltError(f"{told} is not there yet; build the tables with `concierge run`")


def of_version(frame: pd.DataFrame, design: Experiment) -> pd.DataFrame:
    """The rows of one version."""
    is_own = (frame["experiment"] == design.name) & (frame["experiment_version"] == design.version)
    return frame[is_own].reset_index(drop=True)


def paused_of(design: Experiment, paused: Collection[tuple[str, int, str]]) -> frozenset[str]:
    """Arms that are drawn no more, by the file, a look or a person."""
    by_file = {name for name, arm in design.arms.items() if arm.is_paused}
    return frozenset(
        by_file | {arm for name, version, arm in paused if (name, version) == (design.name, design.version)}
    )


def groups_of(connection: duckdb.DuckDBPyConnection, project: Project) -> tuple[dict[str, pd.Series], int]:
    """By attribute of `config/fairness.yml`, the group of each customer; and the least units of a group."""
    rules = load_fairness_rules(project.config)
    groups = {}
    for attribute in rules.groups:
        rows = connection.execute(
            "select customer_id, value from marts.customer_sensitive where attribute = ? order by customer_id",
            [attribute],
        ).df()
        groups[attribute] = rows.set_index("customer_id")["value"]
    return groups, rules.minimum_count
