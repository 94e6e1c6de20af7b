"""A backfill of 30 days from the UI while hourly runs go on, with a reader and an analyst at work meanwhile.

What the hourly runs carried on to the customers is what was published at the end, without a daily run.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.export import publish_tables
from orchestration.pipeline import run_pipeline
from orchestration.refresh.marks import waiting
from orchestration.warehouse import Warehouse
from simulation.company import FIRST_DAY
from tests.system.dagster_processes import Dagster, dagster, wait_until
from tests.system.small_company import company, copy_of, daily_tables, settled

DAYS = ["group:intake", "group:lake", "group:staging", "group:daily"]
HELD_BACK = "sim_web"
PATIENCE_SECONDS = 600
UNFINISHED = {"QUEUED", "NOT_STARTED", "STARTING", "STARTED", "MANAGED", "CANCELING"}


class Loop(threading.Thread):
    """Does something again and again until told to stop; keeps the count and the first error."""

    def __init__(self, action: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.action, self.count, self.error = action, 0, None
        self._ended = threading.Event()

    action: Callable[[], None]
    count: int
    error: BaseException | None

    def run(self) -> None:
        """Loop until stopped or broken."""
        try:
            while not self._ended.wait(0.05):
                self.action()
                self.count += 1
        except BaseException as error:  # noqa: BLE001 - handed to the test, which fails with it
            self.error = error

    def stop(self) -> None:
        """End after the current turn."""
        self._ended.set()
        self.join(timeout=30)


def _read(project: Project) -> Callable[[], None]:
    def read() -> None:
        file = project.paths.published / "current" / "concierge.duckdb"
        with duckdb.connect(str(file.resolve()), read_only=True) as connection:
            assert connection.execute("select count(*) from ops.run_context").fetchall() == [(1,)]

    return read


def _acknowledge(project: Project) -> Callable[[], None]:
    ops = OpsStore(project.paths)

    def acknowledge() -> None:
        alert = ops.open_alert("check:orders:late", severity="warning", title="late", at=project.clock.now())
        assert (
            ops.acknowledge(alert.alert_id, owner="ana", at=project.clock.now(), note="looking").state == "acknowledged"
        )
        ops.resolve(alert.alert_id, at=project.clock.now())

    return acknowledge


@contextmanager
def _going_on(*actions: Callable[[], None]) -> Iterator[list[Loop]]:
    loops = [Loop(action) for action in actions]
    for loop in loops:
        loop.start()
    try:
        yield loops
    finally:
        for loop in loops:
            loop.stop()


def _quiet(served: Dagster, project: Project) -> bool:
    busy = [run for run in served.runs() if run["status"] in UNFINISHED]
    ops = OpsStore(project.paths)
    return not busy and not ops.touches() and not waiting(ops)


def _hold_back(project: Project, aside: Path) -> None:
    shutil.move(project.paths.root / "landing" / HELD_BACK, aside)


def _let_in(project: Project, aside: Path) -> None:
    shutil.move(aside, project.paths.root / "landing" / HELD_BACK)


@pytest.mark.system
def test_a_backfill_and_hourly_runs_share_one_warehouse(tmp_path: Path, parsed_project: Path) -> None:
    project = company(tmp_path / "shop", parsed_project)
    aside = tmp_path / "aside"
    _hold_back(project, aside)
    run_pipeline(project, settled(project), select=DAYS)
    publish_tables(project, "before")
    rows_before = Warehouse(project.paths.warehouse).count("intermediate.int_events")

    with dagster(project, tmp_path) as served, _going_on(_read(project), _acknowledge(project)) as loops:
        backfill = served.launch_backfill(FIRST_DAY, 30)
        _let_in(project, aside)
        hourly = served.launch_job("hourly_intake")
        wait_until(lambda: served.backfill_status(backfill).startswith("COMPLETED"), PATIENCE_SECONDS, "the backfill")
        wait_until(lambda: _status(served, hourly) == "SUCCESS", PATIENCE_SECONDS, "the hourly intake")
        wait_until(lambda: _quiet(served, project), PATIENCE_SECONDS, "the days that the late files touched")
        time.sleep(1)
        runs, state = served.runs(), served.backfill_status(backfill)

    assert state == "COMPLETED_SUCCESS"
    assert [run for run in runs if run["status"] != "SUCCESS"] == []
    assert "hourly_refresh" in {run["jobName"] for run in runs}
    assert all(loop.error is None and loop.count > 20 for loop in loops), [(loop.count, loop.error) for loop in loops]

    people = "select count(*), coalesce(sum(orders_lifetime), 0) from marts.dim_customer"
    published = project.paths.published / "current" / "concierge.duckdb"
    with duckdb.connect(str(published.resolve()), read_only=True) as reader:
        hourly = reader.execute(people).fetchall()
    assert hourly == Warehouse(project.paths.warehouse).rows(people)
    assert hourly[0][0] > 0
    late = f"select count(*) from marts.fct_session where source = '{HELD_BACK}'"
    assert Warehouse(project.paths.warehouse).rows(late)[0][0] > 0

    straight = copy_of(project, tmp_path / "straight")
    run_pipeline(straight, settled(straight), select=DAYS)
    expected = daily_tables(straight)
    # The hourly runs have made profiles beside the daily tables.
    mixed = {table: rows for table, rows in daily_tables(project).items() if table in expected}
    assert {table: len(rows) for table, rows in mixed.items()} == {t: len(rows) for t, rows in expected.items()}
    assert mixed == expected
    assert len(expected["intermediate.int_events"]) > rows_before


def _status(served: Dagster, run_id: str) -> str:
    return next(str(run["status"]) for run in served.runs() if run["runId"] == run_id)
