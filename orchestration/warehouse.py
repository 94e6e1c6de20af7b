"""The warehouse file: opened for one piece of work, closed again, retried while somebody else holds it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from orchestration.warehouse_migration import bring_up_to_date
from orchestration.warehouse_schema import source_table

FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 2.0


class WarehouseBusyError(RuntimeError):
    """Another process held the warehouse file for longer than the patience of this one."""


@dataclass(frozen=True)
class Warehouse:
    """One DuckDB file; `patience_seconds` bounds the wait for its lock."""

    path: Path
    patience_seconds: float = 120.0

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection in UTC that is closed on exit, so that the next process can have the file.

        Raises:
            WarehouseBusyError: the lock was not free within `patience_seconds`.
        """
        connection = self._open()
        try:
            connection.execute("SET TimeZone = 'UTC'").fetchall()
            yield connection
        finally:
            connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self.patience_seconds
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                return duckdb.connect(str(self.path))
            except duckdb.IOException as error:
                if "could not set lock" not in str(error).lower():
                    raise
                if time.monotonic() + wait > deadline:
                    raise WarehouseBusyError(
                        f"{self.path} is held by another process for more than {self.patience_seconds:.0f} s"
                    ) from error
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def prepare(self) -> None:
        """Create the tables and columns that Python writes; existing rows stay."""
        with self.connect() as connection:
            bring_up_to_date(connection)

    def frame(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """The result of one query; timestamps naive UTC, decimals as float64."""
        with self.connect() as connection:
            found: pd.DataFrame = connection.execute(sql, list(parameters)).df()
        return found

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """The result of one query as tuples."""
        with self.connect() as connection:
            return list(connection.execute(sql, list(parameters)).fetchall())

    def batches(self, sql: str, rows: int = 50_000) -> Iterator[list[tuple[object, ...]]]:
        """The result of one query, so many rows at a time; the file is held until the last."""
        with self.connect() as connection:
            found = connection.execute(sql)
            while batch := found.fetchmany(rows):
                yield batch

    def replace(self, frames: dict[str, pd.DataFrame], *, where: str = "true") -> dict[str, int]:
        """Replace source tables by frames, all in one transaction; returns rows by address.

        With `where`, only the rows that fulfil it make room; the frames hold what is to stand in their place.

        A frame has the table's columns in any order (more are ignored). Timestamps with a zone are stored as UTC.

        Raises:
            KeyError: an address that is no source table.
            ValueError: a frame lacks a column of its table.
        """
        with self.connect() as connection:
            bring_up_to_date(connection)
            connection.execute("BEGIN").fetchall()
            counts = {address: _replace_one(connection, address, frame, where) for address, frame in frames.items()}
            connection.execute("COMMIT").fetchall()
        return counts

    def has_table(self, address: str) -> bool:
        """Whether `schema.name` exists (an absent file has no tables)."""
        schema, _, name = address.partition(".")
        if not self.path.exists():
            return False
        sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        return bool(self.rows(sql, [schema, name]))

    def count(self, address: str) -> int:
        """Rows of a table; 0 when it does not exist."""
        if not self.has_table(address):
            return 0
        return int(str(self.rows(f"SELECT count(*) FROM {address}")[0][0]))


def replace_in_parts(connection: duckdb.DuckDBPyConnection, address: str, parts: Iterable[pa.Table]) -> int:
    """Replace a source table by Arrow tables that come one after the other, in one transaction; returns the rows.

    Columns are as `Warehouse.replace` takes them, timestamps naive; what fails half way leaves the table as it was.
    """
    bring_up_to_date(connection)
    names = list(source_table(address).column_names)
    connection.execute("BEGIN").fetchall()
    connection.execute(f"DELETE FROM {address}").fetchall()
    rows = 0
    for part in parts:
        _check(address, names, part.column_names)
        rows += _append(connection, address, names, part)
    connection.execute("COMMIT").fetchall()
    return rows


def _replace_one(connection: duckdb.DuckDBPyConnection, address: str, frame: pd.DataFrame, where: str) -> int:
    names = list(source_table(address).column_names)
    connection.execute(f"DELETE FROM {address} WHERE {where}").fetchall()
    return _insert(connection, address, names, frame)


def _insert(connection: duckdb.DuckDBPyConnection, address: str, names: list[str], frame: pd.DataFrame) -> int:
    _check(address, names, list(map(str, frame.columns)))
    return _append(connection, address, names, naive_utc(frame[names]))


def _check(address: str, names: list[str], found: list[str]) -> None:
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"{address}: the frame lacks {', '.join(missing)}; it has {', '.join(found)}")


def _append(
    connection: duckdb.DuckDBPyConnection, address: str, names: list[str], rows: pd.DataFrame | pa.Table
) -> int:
    if len(rows):
        connection.register("incoming", rows)
        columns = ", ".join(f'"{name}"' for name in names)
        connection.execute(f"INSERT INTO {address} ({columns}) SELECT {columns} FROM incoming").fetchall()
        connection.unregister("incoming")
    return len(rows)


def naive_utc(frame: pd.DataFrame) -> pd.DataFrame:
    """The same frame with every zoned timestamp column as naive UTC."""
    zoned = frame.select_dtypes(include=["datetimetz"]).columns
    return frame.assign(**{name: frame[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in zoned})
