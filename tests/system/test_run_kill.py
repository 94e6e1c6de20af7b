"""kill -9 of a run that holds the writer's slot: the next run heals it, and nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.instance import open_instance
from orchestration.pipeline import run_pipeline
from tests.system.small_company import company, copy_of, daily_tables, settled

DAYS = ["group:intake", "group:lake", "group:staging", "group:daily"]
POOL = "duckdb_writer"
PATIENCE_SECONDS = 600
RUN = f"""
import sys
from datetime import datetime
from pathlib import Path
from intake.paths import DataPaths
from intake.project import Project
from orchestration.pipeline import run_pipeline

project = Project.open(DataPaths(Path(sys.argv[1])), Path(sys.argv[2]))
run_pipeline(project, datetime.fromisoformat(sys.argv[3]), select={DAYS!r})
"""


def _start(project: Project) -> subprocess.Popen[bytes]:
    arguments = [str(project.paths.root), str(project.config), settled(project).isoformat()]
    return subprocess.Popen([sys.executable, "-c", RUN, *arguments])


def _holders(project: Project) -> list[str]:
    with open_instance(project.paths, quiet=True) as instance:
        info = instance.event_log_storage.get_concurrency_info(POOL)
        return [slot.step_key for slot in info.claimed_slots]


def _wait_until_days_are_built(project: Project, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be killed"
        if project.paths.dagster_home.exists() and "daily_models" in _holders(project):
            return
        time.sleep(0.5)
    raise AssertionError("the run never held the writer's slot")


@pytest.mark.system
def test_a_killed_run_keeps_its_slot_until_the_next_run_heals(tmp_path: Path, parsed_project: Path) -> None:
    project = company(tmp_path / "killed", parsed_project)
    with _start(project) as process:
        try:
            _wait_until_days_are_built(project, process)
            time.sleep(2)
        finally:
            os.kill(process.pid, signal.SIGKILL)
    assert _holders(project) == ["daily_models"]

    report = run_pipeline(project, settled(project), select=DAYS)
    assert [note for note in report.notes if "its process was gone" in note]
    assert report.days_built >= 40
    assert _holders(project) == []
    assert OpsStore(project.paths).touches() == []

    straight = copy_of(project, tmp_path / "straight")
    run_pipeline(straight, settled(straight), select=DAYS)
    healed, expected = daily_tables(project), daily_tables(straight)
    assert healed.keys() == expected.keys()
    assert {table: len(rows) for table, rows in healed.items()} == {t: len(rows) for t, rows in expected.items()}
    assert healed == expected
    assert len(expected["intermediate.int_events"]) > 1000
