"""The instance's settings arrive, and runs whose process is gone are failed and their slots freed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance, DagsterRunStatus, job, op

from intake.paths import DataPaths, repository_root
from orchestration.groups import WRITER_POOL
from orchestration.instance import PROCESS_TAG, heal, is_alive, open_instance, write_settings


@op
def nothing() -> None:
    """A step that does nothing."""


@job
def idle() -> None:
    """A job of one step."""
    nothing()


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterInstance]:
    with open_instance(DataPaths(tmp_path_factory.mktemp("data")), quiet=True) as found:
        yield found


def _dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def _started(instance: DagsterInstance, process: int) -> str:
    run = instance.create_run_for_job(idle, status=DagsterRunStatus.STARTED, tags={PROCESS_TAG: str(process)})
    storage = instance.event_log_storage
    storage.initialize_concurrency_limit_to_default(WRITER_POOL)
    storage.claim_concurrency_slot(WRITER_POOL, run.run_id, "nothing")
    return run.run_id


def test_a_process_that_ends_while_it_is_looked_at_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = _dead_process()
    monkeypatch.setattr(os, "kill", lambda *_: None)
    assert not is_alive(dead)


def test_a_dead_run_is_failed_and_its_slot_is_free(instance: DagsterInstance) -> None:
    dead = _started(instance, _dead_process())
    assert [slot.run_id for slot in instance.event_log_storage.get_concurrency_info(WRITER_POOL).claimed_slots] == [
        dead
    ]
    assert heal(instance) == [dead]
    assert instance.event_log_storage.get_concurrency_info(WRITER_POOL).claimed_slots == []
    found = instance.get_run_by_id(dead)
    assert found is not None
    assert found.status == DagsterRunStatus.FAILURE
    assert heal(instance) == []


def test_a_living_run_is_left_alone(instance: DagsterInstance) -> None:
    alive = _started(instance, os.getpid())
    assert heal(instance) == []
    assert [slot.run_id for slot in instance.event_log_storage.get_concurrency_info(WRITER_POOL).claimed_slots] == [
        alive
    ]
    instance.event_log_storage.free_concurrency_slots_for_run(alive)


def test_the_writers_pool_has_one_slot(instance: DagsterInstance) -> None:
    instance.event_log_storage.initialize_concurrency_limit_to_default(WRITER_POOL)
    assert instance.event_log_storage.get_concurrency_info(WRITER_POOL).slot_count == 1


def test_settings_are_copied_and_follow_an_upgrade(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    write_settings(paths)
    copied = paths.dagster_home / "dagster.yaml"
    assert copied.read_text() == (repository_root() / "dagster.yaml").read_text()
    copied.write_text("telemetry: {enabled: true}")
    write_settings(paths)
    assert yaml.safe_load(copied.read_text())["telemetry"] == {"enabled": False}


def test_a_process_is_alive_until_it_ends() -> None:
    assert is_alive(os.getpid())
    assert not is_alive(_dead_process())


OPEN = """
import os, sys
from pathlib import Path
from intake.paths import DataPaths
from orchestration.instance import open_instance

# Imported once: the processes differ from here on, and meet in the folder at the same moment.
processes = []
for _ in range(4):
    processes.append(os.fork())
    if not processes[-1]:
        with open_instance(DataPaths(Path(sys.argv[1])), quiet=True) as instance:
            instance.event_log_storage.get_concurrency_info("duckdb_writer")
        os._exit(0)
print([os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes])
"""


def test_processes_that_open_a_fresh_folder_together_do_not_spoil_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "[0, 0, 0, 0]\n", done.stderr
