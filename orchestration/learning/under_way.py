"""Whether a look was cut off half way, and what heals it: everything is read and counted again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import duckdb

from orchestration.learning.credit import run

FLAG: Final = "under way"
KEPT: Final = (
    "learned_exposure", "learned_outcome", "attribution", "arm_stats", "conversion_delay", "learned_day",
    "learned_file", "fresh_event",
)  # fmt: skip


@contextmanager
def whole_look(connection: duckdb.DuckDBPyConnection) -> Iterator[bool]:
    """Around all that a look writes; yields whether the one before was cut off, and what it left was put away."""
    torn = bool(connection.execute("select 1 from ml.learned_day where fact = ?", [FLAG]).fetchall())
    if torn:
        forget(connection)
    run(connection, f"insert into ml.learned_day values ('{FLAG}', date '1970-01-01', 0)")
    yield torn
    run(connection, f"delete from ml.learned_day where fact = '{FLAG}'")


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Put away everything that was learned; the next look learns it again from the facts and the lake."""
    for table in KEPT:
        run(connection, f"delete from ml.{table}")
