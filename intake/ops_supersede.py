"""A file that is read again under a changed contract: the events of now count, those of before do not."""

from __future__ import annotations

import sqlite3

from intake.ops_records import BatchRecord

SUPERSEDED = "superseded"
"""State of a batch whose file was read again: its counts are history, its quarantine is the other's."""

_OWN = """
    select :batch_id union
    select replayed.replay_id from quarantine_replayed as replayed where replayed.batch_id = :batch_id
"""
OTHERS = f"""
    select batch_id from batch where source = :source and input_hash = :input_hash and batch_id not in ({_OWN})
"""
"""Batches of the same bytes, apart from this one and what was replayed of it."""
_TOUCH = """
    insert or ignore into touched_day (event_date, batch_id, touched_at, consumed_run_id)
    select distinct event_date, :touched_by, :at, null from lake_file where state = :state and batch_id in
"""
_CHANGE = "update lake_file set state = :becomes where state = :state and batch_id in"


def supersede(connection: sqlite3.Connection, batch: BatchRecord, at: str, touched_by: str = "") -> None:
    """Retire what the same bytes became before; the days that held it are touched. Inside the caller's transaction.

    Args:
        touched_by: the batch in whose name the days are touched, where it is a replay of this one.
    """
    names = _names(batch, at) | {"touched_by": touched_by or batch.batch_id}
    _turn(connection, f"({OTHERS})", names | {"state": "visible", "becomes": "retired"})
    connection.execute(f"update batch set state = '{SUPERSEDED}' where batch_id in ({OTHERS})", names)


def bring_back(connection: sqlite3.Connection, batch: BatchRecord, at: str) -> int:
    """Make a superseded batch count again, with what was replayed of it; returns the number of files."""
    names = _names(batch, at)
    mine = f"({_OWN})"
    found = connection.execute(
        f"select count(*) from lake_file where state = 'retired' and batch_id in {mine}", names
    ).fetchone()[0]
    if found:
        # Its days may have been rebuilt long ago: they are to be rebuilt once more.
        connection.execute("delete from touched_day where batch_id = :batch_id", names)
        supersede(connection, batch, at)
        _turn(connection, mine, names | {"touched_by": batch.batch_id, "state": "retired", "becomes": "visible"})
        connection.execute(f"update batch set state = 'visible' where batch_id in {mine}", names)
    return int(found)


def _names(batch: BatchRecord, at: str) -> dict[str, str]:
    return {"source": batch.source, "input_hash": batch.input_hash, "batch_id": batch.batch_id, "at": at}


def _turn(connection: sqlite3.Connection, which: str, names: dict[str, str]) -> None:
    connection.execute(f"{_TOUCH} {which}", names)
    connection.execute(f"{_CHANGE} {which}", names)
