"""The Dagster instance of a data folder: its settings, and healing after a process was killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from filelock import FileLock

from intake.paths import DataPaths, repository_root

PROCESS_TAG = "concierge/pid"
SETTINGS = "dagster.yaml"
QUIET_SETTINGS = "dagster-in-process.yaml"
OPENING_LOCK = "opening.lock"
# Capturing a step's output replaces the process's own stdout by a pipe, and with it the progress display.
NO_STEP_OUTPUT = """
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""
UNFINISHED = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]


def write_settings(paths: DataPaths) -> None:
    """Copy `dagster.yaml` of the checkout into the instance folder, so that an upgrade's settings arrive."""
    paths.dagster_home.mkdir(parents=True, exist_ok=True)
    settings = (repository_root() / SETTINGS).read_text(encoding="utf-8")
    for name, text in ((SETTINGS, settings), (QUIET_SETTINGS, settings + NO_STEP_OUTPUT)):
        target = paths.dagster_home / name
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            partial = target.with_suffix(f".{os.getpid()}.partial")
            partial.write_text(text, encoding="utf-8")
            partial.replace(target)


@contextmanager
def open_instance(paths: DataPaths, *, quiet: bool = False) -> Iterator[DagsterInstance]:
    """The instance under the data folder; `quiet` leaves this process's own output alone.

    One process at a time opens it: two that lay out the same fresh storage stamp its schema version twice, after
    which nobody can open it again.
    """
    write_settings(paths)
    # Read by dagster.yaml; a process that opens two data folders one after the other must not mix them.
    os.environ["CONCIERGE_EVENT_LOG"] = str(paths.dagster_home / "event_log")
    name = QUIET_SETTINGS if quiet else SETTINGS
    with FileLock(paths.dagster_home / OPENING_LOCK):
        instance = DagsterInstance.from_config(str(paths.dagster_home), name)
    with instance:
        yield instance


def heal(instance: DagsterInstance) -> list[str]:
    """Fail runs whose process is gone and free the pool slots they kept; returns their ids.

    A run killed with -9 keeps its slot and its STARTED state for ever. Which process a run has is read from the tag
    it sets when it starts, and from the engine's own process id; a run with neither is left to the daemon's monitor.
    """
    healed = []
    for run in instance.get_runs(RunsFilter(statuses=UNFINISHED)):
        process = process_of(instance, run)
        if process is not None and not is_alive(process):
            instance.report_run_failed(run, message=f"process {process} is gone; failed by the next run")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            healed.append(run.run_id)
    return healed


def process_of(instance: DagsterInstance, run: DagsterRun) -> int | None:
    """The process that executes a run, as far as it is known."""
    tagged = run.tags.get(PROCESS_TAG)
    if tagged and tagged.isdigit():
        return int(tagged)
    for record in instance.all_logs(run.run_id):
        event = record.dagster_event
        if event is None or not event.is_engine_event:
            continue
        value = event.engine_event_data.metadata.get("pid")
        if value is not None and str(value.value).isdigit():
            return int(str(value.value))
    return None


def is_alive(process: int) -> bool:
    """Whether a process of this machine runs (a zombie does not)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        # It has ended since, or the system has no /proc.
        return not Path("/proc/self").exists()
    return stat.rpartition(")")[2].split()[0] != "Z"
