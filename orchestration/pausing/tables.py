"""The warehouse's tables under one connection: opening the file costs more than what looks read of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
import pandas as pd

from orchestration.warehouse import Warehouse

NAMES = "select table_schema || '.' || table_name from information_schema.tables"


class Tables:
    """What looks may ask; without a file there are no tables."""

    def __init__(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        self._connection = connection
        self._names = frozenset(str(name) for (name,) in connection.execute(NAMES).fetchall()) if connection else ()

    def has_table(self, address: str) -> bool:
        """Whether `schema.name` is there."""
        return address in self._names

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[object, ...]]:
        """The result of one query as tuples; none without a file."""
        given = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
        return list(self._connection.execute(sql, given).fetchall()) if self._connection else []

    def frame(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """The result of one query; empty without a file."""
        if self._connection is None:
            return pd.DataFrame()
        found: pd.DataFrame = self._connection.execute(sql, list(parameters)).df()
        return found


@contextmanager
def tables_of(warehouse: Warehouse) -> Iterator[Tables]:
    """The tables of a warehouse, whose file is let go at the end."""
    if not warehouse.path.exists():
        yield Tables(None)
        return
    with warehouse.connect() as connection:
        yield Tables(connection)
