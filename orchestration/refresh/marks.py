"""Touched days that are rebuilt but whose customers wait: asked for until a run has answered them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from intake.ops_store import OpsStore

UNDER_WAY: Final = "under way: "
WAITING: Final = f"consumed_run_id is not null and (carried_run_id is null or carried_run_id like '{UNDER_WAY}%')"


def waiting(ops: OpsStore) -> list[str]:
    """Marks (day and batch) whose days are rebuilt and whose customers' rows are not."""
    rows = ops.rows(f"select event_date, batch_id from touched_day where {WAITING} order by event_date, batch_id")
    return [f"{row['event_date']}:{row['batch_id']}" for row in rows]


def marks_key(marks: Sequence[str]) -> str:
    """Names these marks: the same ones ask for a run once."""
    return f"customers#{hashlib.sha256('|'.join(marks).encode()).hexdigest()[:12]}"


def carry(ops: OpsStore, run_id: str) -> None:
    """Note that a run is about to answer all waiting marks."""
    _mark(ops, f"{UNDER_WAY}{run_id}", WAITING)


def carried(ops: OpsStore, run_id: str) -> None:
    """Note that this run has answered the marks it set out with; what another run has taken over since stays."""
    _mark(ops, run_id, f"carried_run_id = '{UNDER_WAY}{run_id}'")


def _mark(ops: OpsStore, value: str, which: str) -> None:
    with ops.transaction() as connection:
        connection.execute(f"update touched_day set carried_run_id = ? where {which}", (value,))
