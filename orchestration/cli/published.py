"""Reading what runs have published: `data/published/current`, read-only, never the warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intake.paths import DataPaths
from orchestration.cli.errors import CommandError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

DATABASE = "concierge.duckdb"


@dataclass(frozen=True)
class Published:
    """One published version, pinned: a run that publishes meanwhile does not change what is read."""

    folder: Path

    @classmethod
    def current(cls, paths: DataPaths) -> Published:
        """The version that `current` links to now.

        Raises:
            CommandError: nothing has been published.
        """
        folder = (paths.published / "current").resolve()
        if not (folder / DATABASE).exists():
            raise CommandError(f"{paths.published}: nothing is published yet; run: concierge run")
        return cls(folder)

    @classmethod
    def exists(cls, paths: DataPaths) -> bool:
        """Whether anything has been published."""
        return (paths.published / "current" / DATABASE).exists()

    @property
    def version(self) -> str:
        """Name of the version."""
        return self.folder.name

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows of one query, by column name; timestamps are UTC."""
        with self._connect() as connection:
            cursor = connection.execute(sql, list(parameters))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def frame(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """The result of one query; timestamps naive UTC."""
        with self._connect() as connection:
            found: pd.DataFrame = connection.execute(sql, list(parameters)).df()
        return found

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The single value of a query with one row and one column; None when there is no row."""
        found = self.rows(sql, parameters)
        return next(iter(found[0].values())) if found else None

    @contextmanager
    def _connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        with duckdb.connect(str(self.folder / DATABASE), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'").fetchall()
            yield connection
