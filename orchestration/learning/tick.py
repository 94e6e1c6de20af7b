"""One look: what came in, whom it is credited to, what each arm earned, and how often each is drawn from now on.

The hourly and the daily run, the shell and simulations call this same function. It starts neither dbt nor Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import duckdb

from intake.ops_store import OpsStore
from intake.project import Project
from intake.scan import scan_locations
from orchestration.experiments_published import publish_probabilities
from orchestration.learning.changes import Moved, credit_all, prepare, take_in
from orchestration.learning.credit import DEFAULT_HOURS, run
from orchestration.learning.facts import forget_built, has_facts, marker, stage_facts
from orchestration.learning.fresh import stage_fresh
from orchestration.learning.moments import utc
from orchestration.learning.origins import forget_unlisted, list_origins
from orchestration.learning.probabilities import renew_probabilities
from orchestration.learning.registry import Registry, read_registry
from orchestration.learning.under_way import whole_look
from orchestration.warehouse import Warehouse
from orchestration.warehouse_migration import bring_up_to_date
from serving.snapshot import pointer

SERVICE_LOG: Final = ("service_decisions", "service_exposures", "service_events")
_COUNTED: Final = "select count(*) from ml.learned_exposure where is_counted"
_SUMMED: Final = ("ml.arm_stats", "ml.arm_person")
# Credits whose outcome is gone: an erasure takes a person's outcomes, and what they brought stands in the sums.
_BEREFT: Final = (
    "select count(*) from ml.attribution where outcome_id not in (select outcome_id from ml.learned_outcome)"
)


@dataclass(frozen=True)
class Learned:
    """What one look found and left.

    Attributes:
        is_ready: false until dbt has built the facts once; nothing was looked at then.
        fresh_events: events read from the lake that no look had read before.
        exposures: rows that were new or came out differently.
        outcomes: likewise.
        credited: outcomes whose credit was worked out again.
        orphans: of all outcomes, those that name an exposure nobody knows.
        recounted: everything was counted anew (changed windows, an erasure, a look that was cut off).
        table_version: version of the arms' probabilities that stands; empty where no bandit runs.
        snapshot_version: the version that went live with them; None where nothing changed or nothing is live.
    """

    is_ready: bool
    fresh_events: int
    exposures: int
    outcomes: int
    credited: int
    orphans: int
    recounted: bool
    table_version: str
    snapshot_version: str | None


NOT_READY: Final = Learned(False, 0, 0, 0, 0, 0, False, "", None)


def learn(project: Project, as_of: datetime, *, intake: bool = True, live: bool = True) -> Learned:
    """Take in what the service logged and what the lake has, count it, and publish the arms' probabilities.

    Args:
        project: whose data.
        as_of: aware; nothing received at or after it is looked at.
        intake: read the service's log into the lake first.
        live: put new probabilities live.

    Again with nothing new it changes and publishes nothing; after a failure the next one heals what was left half done.

    Returns:
        What was found; `is_ready` is false until dbt has built the facts once, and then nothing is published.

    Raises:
        ValueError: `as_of` has no time zone.
        ConfigError: an experiment's file is wrong, nothing was counted; or those that run want more of a layer than
            there is, nothing was published.
        ErasureHalfDoneError: a request was interrupted; nothing was read.
        WarehouseBusyError: another process held the warehouse for too long.
        SnapshotError: the version could not be written; everything is counted, and what was live stays live.
    """
    utc(as_of)
    OpsStore(project.paths).require_no_open_erasure()
    registry = read_registry(project)
    if intake:
        known = {file.stem for file in project.sources.glob("*.yml")}
        scan_locations(project, [name for name in SERVICE_LOG if name in known])
    done = update(project, registry, as_of)
    if not (live and done.is_ready):
        return done
    return Learned(**{**vars(done), "snapshot_version": publish(project)})


def update(project: Project, registry: Registry, as_of: datetime, *, look_at_facts: bool = False) -> Learned:
    """Bring the tables up to what the lake and the facts say at `as_of`.

    Reads the lake, not the service's log; publishes nothing. Again with nothing new it changes nothing, so a run may
    repeat it. Where it fails, the next one learns everything anew from the facts and the lake.

    Args:
        project: whose lake and warehouse.
        registry: windows, arms and settings, as `read_registry` gives them.
        as_of: aware; nothing received at or after it is looked at.
        look_at_facts: compare the facts even where nothing tells that they were built again.

    Returns:
        What was found, without a `snapshot_version`.

    Raises:
        ValueError: `as_of` has no time zone; nothing was touched.
        ErasureHalfDoneError: a request was interrupted; nothing was touched.
        WarehouseBusyError: another process held the warehouse for too long.
    """
    utc(as_of)
    OpsStore(project.paths).require_no_open_erasure()
    with Warehouse(project.paths.warehouse).connect() as connection:
        bring_up_to_date(connection)
        if not has_facts(connection):
            return NOT_READY
        with whole_look(connection) as torn:
            windows = _set_windows(connection, registry.windows)
            moved, fresh = _look(connection, project, as_of, look_at_facts)
            if windows:
                credit_all(connection)
            recounted = recount_if_torn(connection) or windows or torn
        version = renew_probabilities(connection, registry, as_of)
        return Learned(
            True, fresh, moved.exposures, moved.outcomes, moved.credited, orphans(connection), recounted, version, None
        )


def _look(
    connection: duckdb.DuckDBPyConnection, project: Project, as_of: datetime, look_at_facts: bool
) -> tuple[Moved, int]:
    # Read once: of a lake with thousands of files the list costs as much as an hour's events.
    files = OpsStore(project.paths).visible_files()
    list_origins(connection, [file.path for file in files])
    before, now = _marker(connection), marker(connection)
    again = forget_unlisted(connection) or look_at_facts or before != now
    prepare(connection)
    if again:
        forget_built(connection)
        stage_facts(connection)
        run(connection, "delete from ml.learned_day where fact = 'built'")
        run(connection, f"insert into ml.learned_day values ('built', date '1970-01-01', {now})")
    fresh, told = stage_fresh(connection, project, files, as_of, again=again)
    return (take_in(connection) if again or told else Moved(0, 0, 0)), fresh


def recount_if_torn(connection: duckdb.DuckDBPyConnection) -> bool:
    """Count everything anew where sums, credits and rows part, as after an erasure; whether that was needed."""
    counted = _number(connection, _COUNTED)
    summed = [_number(connection, f"select coalesce(sum(exposures), 0) from {table}") for table in _SUMMED]
    if all(count == counted for count in summed) and not _number(connection, _BEREFT):
        return False
    credit_all(connection)
    return True


def orphans(connection: duckdb.DuckDBPyConnection) -> int:
    """Outcomes that name an exposure nobody knows; kept, and credited to nobody."""
    return _number(connection, "select count(*) from ml.attribution where reason = 'unknown_exposure'")


def _set_windows(connection: duckdb.DuckDBPyConnection, windows: Mapping[tuple[str, int], int]) -> bool:
    """Note the windows in force; whether one changed of which there are exposures. Gone ones keep their last word."""
    rows = connection.execute("select experiment, experiment_version, hours from ml.attribution_window").fetchall()
    before = {(str(name), int(version)): int(hours) for name, version, hours in rows}
    changed = {key: hours for key, hours in windows.items() if before.get(key) != hours}
    matters = False
    for (name, version), hours in changed.items():
        key = [name, version]
        held = "experiment = ? and experiment_version = ?"
        run_with(connection, f"delete from ml.attribution_window where {held}", key)
        run_with(connection, "insert into ml.attribution_window values (?, ?, ?)", [*key, hours])
        if before.get((name, version), DEFAULT_HOURS) != hours:
            shown = connection.execute(f"select 1 from ml.learned_exposure where {held} limit 1", key).fetchall()
            matters = matters or bool(shown)
    return matters


def run_with(connection: duckdb.DuckDBPyConnection, sql: str, values: list[object]) -> None:
    """One statement with values to its end."""
    connection.execute(sql, values).fetchall()


def _marker(connection: duckdb.DuckDBPyConnection) -> int | None:
    found = connection.execute("select fingerprint from ml.learned_day where fact = 'built'").fetchall()
    return int(found[0][0]) if found else None


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])


def publish(project: Project) -> str | None:
    """Put the probabilities on the live version; its name, None where nothing is live or nothing changed.

    Raises:
        SnapshotError: the version cannot be written, or another went live meanwhile; what was live stays live.
        ConfigError: those that run want more of a layer than there is.
        ErasureHalfDoneError: a request was interrupted.
    """
    if pointer.current(project.paths.snapshots) is None:
        return None
    return publish_probabilities(project, Warehouse(project.paths.warehouse))
