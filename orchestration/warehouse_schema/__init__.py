"""Tables that Python writes and dbt reads as sources: their DDL, created empty before dbt runs.

Timestamps are naive and UTC throughout the warehouse, so that no result depends on a session's time zone.
An open end of a bitemporal interval is the day 9999-12-31.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from orchestration.warehouse_schema.experiments import EXPERIMENT_TABLES
from orchestration.warehouse_schema.identity import IDENTITY_TABLES, MATCHING_TABLES
from orchestration.warehouse_schema.learning import LEARNING_TABLES
from orchestration.warehouse_schema.models import ML_TABLES
from orchestration.warehouse_schema.operations import OPS_TABLES
from orchestration.warehouse_schema.refresh import REFRESH_TABLES
from orchestration.warehouse_schema.table import SourceTable

__all__ = ["SOURCE_SCHEMAS", "SOURCE_TABLES", "SourceTable", "create_source_tables", "source_table", "statements"]

SOURCE_SCHEMAS: Final = ("ops", "identity", "ml", "refresh")
SOURCE_TABLES: Final = (
    OPS_TABLES + IDENTITY_TABLES + MATCHING_TABLES + ML_TABLES + EXPERIMENT_TABLES + LEARNING_TABLES + REFRESH_TABLES
)


class SqlConnection(Protocol):
    """What this module needs of a DuckDB connection."""

    def execute(self, query: str) -> object:
        """Run one statement."""
        ...


def statements() -> Iterator[str]:
    """Every DDL statement in order: schemas, then tables; each may be run again without effect."""
    yield from (f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in SOURCE_SCHEMAS)
    yield from (table.ddl for table in SOURCE_TABLES)


def create_source_tables(connection: SqlConnection) -> None:
    """Create the schemas and the empty tables that are missing; existing rows stay."""
    for statement in statements():
        connection.execute(statement)


def source_table(address: str) -> SourceTable:
    """The table with this `schema.name`.

    Raises:
        KeyError: no such source table; the message lists the known ones.
    """
    known = {table.address: table for table in SOURCE_TABLES}
    if address not in known:
        raise KeyError(f"source table {address!r}; known: {', '.join(sorted(known))}")
    return known[address]
