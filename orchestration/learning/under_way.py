"""Whether a look was cut off half way, and what heals it: everything is read and counted again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import duckdb

from orchestration.learning.credit import run

FLAG: Final = "under way"
KEPT: Final = (
    "learned_exposure", "learned_outcome", "attribution", "arm_stats", "arm_person", "conversion_delay",
    "learned_day", "learned_file", "fresh_event",
)  # fmt: skip


@contextmanager
def whole_look(connection: duckdb.DuckDBPyConnection) -> Iterator[bool]:
    """Around all that a look writes; yields whether the one before was cut off, and what it left was put away.

    What was put away comes back if this look fails as well: until one succeeds, the last words stand.
    """
    torn = bool(connection.execute("select 1 from ml.learned_day where fact = ?", [FLAG]).fetchall())
    if torn:
        _set_aside(connection)
        forget(connection)
    run(connection, f"insert into ml.learned_day values ('{FLAG}', date '1970-01-01', 0)")
    try:
        yield torn
    except BaseException:
        if torn:
            _put_back(connection)
        raise
    run(connection, f"delete from ml.learned_day where fact = '{FLAG}'")
    if torn:
        _let_go(connection)


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Put away everything that was learned; the next look learns it again from the facts and the lake."""
    for table in KEPT:
        run(connection, f"delete from ml.{table}")


def _set_aside(connection: duckdb.DuckDBPyConnection) -> None:
    for table in KEPT:
        run(connection, f"create or replace temporary table aside_{table} as from ml.{table}")


def _put_back(connection: duckdb.DuckDBPyConnection) -> None:
    forget(connection)
    for table in KEPT:
        run(connection, f"insert into ml.{table} from aside_{table}")
    _let_go(connection)


def _let_go(connection: duckdb.DuckDBPyConnection) -> None:
    for table in KEPT:
        run(connection, f"drop table aside_{table}")
