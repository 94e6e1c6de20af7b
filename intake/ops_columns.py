"""Columns that tables of `ops.sqlite` gained after they were first made."""

from __future__ import annotations

import sqlite3

ADDED_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("touched_day", "carried_run_id", "text"),
    ("consent", "identifier_type", "text not null default ''"),
    ("consent", "source", "text not null default ''"),
    ("consent", "note", "text not null default ''"),
    ("consent", "batch_id", "text not null default ''"),
    ("alert", "family", "text not null default ''"),
    ("alert", "kind", "text not null default ''"),
    ("alert", "first_day", "text"),
    ("alert", "last_day", "text"),
    ("alert", "evidence", "text not null default '{}'"),
    ("alert", "earlier_id", "text"),
)
"""Table, column, declaration; `create table if not exists` does not touch a table that is there."""


def add_missing_columns(connection: sqlite3.Connection) -> None:
    """Bring the tables of an older file up to date; inside the caller's transaction, and again without effect."""
    for table, column, declaration in ADDED_COLUMNS:
        present = {row[1] for row in connection.execute(f"pragma table_info({table})")}
        if column not in present:
            connection.execute(f"alter table {table} add column {column} {declaration}")
