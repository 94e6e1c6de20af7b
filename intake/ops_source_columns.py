"""The columns that each source had when it was last seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from intake.ops_database import OpsDatabase
from intake.ops_records import to_text
from intake.source_columns import SeenColumn, State

_REMEMBER = """
    insert into source_column values (?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (source, name) do update set
        kind = excluded.kind, state = excluded.state, filled = excluded.filled,
        last_seen_at = case when excluded.state = 'vanished' then last_seen_at else excluded.last_seen_at end,
        last_input = case when excluded.state = 'vanished' then last_input else excluded.last_input end
"""


class ColumnBook(OpsDatabase):
    """The part of the store that knows the columns of sources."""

    def source_columns(self, source: str) -> dict[str, SeenColumn]:
        """The columns of a source by name; none before its first file."""
        rows = self.rows("select * from source_column where source = ? order by name", source)
        return {
            row["name"]: SeenColumn(row["name"], row["kind"], cast("State", row["state"]), row["filled"])
            for row in rows
        }


def remember_columns(
    connection: sqlite3.Connection, source: str, columns: Sequence[SeenColumn], input_name: str, at: datetime
) -> None:
    """Write the columns as a file showed them; inside the caller's transaction."""
    moment = to_text(at)
    connection.executemany(
        _REMEMBER,
        [
            (source, column.name, column.kind, column.state, column.filled, moment, moment, input_name, input_name)
            for column in columns
        ],
    )
