"""Runs of the daemon, which hold no lock of ours: whether one is under way."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from intake.paths import DataPaths
from orchestration.locks import RunInProgressError

_UNFINISHED = "select count(*) from runs where status in ('STARTED', 'STARTING', 'CANCELING')"


def require_no_scheduled_run(paths: DataPaths) -> None:
    """Refuse to go on while a run of the daemon is under way.

    Raises:
        RunInProgressError: one is, and its process lives.
    """
    file = paths.dagster_home / "history" / "runs.db"
    if not file.exists():
        return
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        if not connection.execute(_UNFINISHED).fetchone()[0]:
            return
    # Only now: Dagster takes ten seconds to import.
    from dagster import RunsFilter

    from orchestration.instance import UNFINISHED, heal, open_instance

    with open_instance(paths, quiet=True) as instance:
        heal(instance)
        alive = instance.get_runs(RunsFilter(statuses=UNFINISHED))
    if alive:
        raise RunInProgressError(f"scheduled run {alive[0].run_id[:8]} is under way; try again when it is done")
