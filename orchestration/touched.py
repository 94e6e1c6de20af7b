"""Days that intake changed: which ranges to rebuild, and marking them rebuilt."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from intake.ops_records import LakeFile, TouchedDay
from intake.ops_store import OpsStore
from orchestration.partitions import DayRange, contiguous_ranges, with_neighbours, within

# Another dbt start costs about 10 CPU seconds, an empty day in a batch less than one.
BRIDGE_DAYS = 31


def ranges_to_build(days: set[date], files: Sequence[LakeFile], *, bridge_days: int = 0) -> list[DayRange]:
    """The days with their neighbours as ranges; neighbours before or after all data are left out.

    Args:
        days: what was touched.
        files: the visible lake, which bounds the ranges.
        bridge_days: gaps of up to so many days are built along, where starting another run costs more.
    """
    if not days:
        return []
    known = days | {file.event_date for file in files}
    return within(contiguous_ranges(with_neighbours(days), bridge_days=bridge_days), min(known), max(known))


def consume(ops: OpsStore, touches: Sequence[TouchedDay], built: DayRange, run_id: str) -> int:
    """Mark exactly these touches as rebuilt, as far as their day is in the range; returns how many.

    By (day, batch) and not by time: a batch that became visible after the pin keeps its mark, whatever clock it had.
    """
    marks = [(run_id, item.event_date.isoformat(), item.batch_id) for item in touches if built.holds(item.event_date)]
    with ops.transaction() as connection:
        connection.executemany(
            "update touched_day set consumed_run_id = ?, carried_run_id = null where event_date = ? and batch_id = ?"
            " and consumed_run_id is null",
            marks,
        )
    return len(marks)


def touch_again(ops: OpsStore, files: Sequence[LakeFile]) -> None:
    """Mark the days of these files as not rebuilt."""
    if not files:
        return
    with ops.transaction() as connection:
        connection.executemany(
            "update touched_day set consumed_run_id = null, carried_run_id = null"
            " where event_date = ? and batch_id = ?",
            [(file.event_date.isoformat(), file.batch_id) for file in files],
        )


def run_key(built: DayRange, touches: Sequence[TouchedDay]) -> str:
    """Names a range and the batches that touched it: the same touches ask for a run once."""
    batches = sorted({f"{item.event_date}:{item.batch_id}" for item in touches if built.holds(item.event_date)})
    return f"{built}#{hashlib.sha256('|'.join(batches).encode()).hexdigest()[:12]}"
