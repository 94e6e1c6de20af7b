"""One update of the ledger: what changed is resolved again, what came out differently is written."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from ml.identity import IdentityRules, resolve
from orchestration.identity.changes import note_changed, remember_seen, touch
from orchestration.identity.evidence import evidence_about_touched, gather
from orchestration.identity.write import Written, stage, write_staged
from orchestration.warehouse import Warehouse


@dataclass(frozen=True)
class LedgerUpdate:
    """What one update read and wrote.

    Attributes:
        evidence: rows of evidence by kind, all there is.
        touched: identifiers whose groups were resolved again.
        written: rows taken out and put in, by table.
    """

    evidence: dict[str, int]
    touched: int
    written: dict[str, Written]

    @property
    def rows_written(self) -> int:
        """Rows taken out or put in over all tables."""
        return sum(table.deleted + table.inserted for table in self.written.values())

    def __str__(self) -> str:
        """One line for the log."""
        read = ", ".join(f"{rows} {kind}" for kind, rows in self.evidence.items())
        return f"evidence: {read}; {self.touched} identifiers resolved, {self.rows_written} rows written"


def update_ledger(warehouse: Warehouse, rules: IdentityRules, *, full: bool = False) -> LedgerUpdate:
    """Bring the ledger up to the evidence; one transaction writes, so whoever dies on the way leaves the old one.

    An empty ledger is built in full; `full` also rebuilds one whose evidence has not changed.
    """
    warehouse.prepare()
    with warehouse.connect() as connection:
        evidence, touched = stage_update(connection, rules, full=full)
        if not touched:
            return LedgerUpdate(evidence, 0, {})
        connection.execute("begin").fetchall()
        written = write_update(connection)
        connection.execute("commit").fetchall()
    return LedgerUpdate(evidence, touched, written)


def stage_update(
    connection: duckdb.DuckDBPyConnection, rules: IdentityRules, *, full: bool
) -> tuple[dict[str, int], int]:
    """Gather, resolve and compare in temporary tables; rows of evidence by kind, and identifiers touched."""
    evidence = gather(connection)
    full = full or not connection.execute("select 1 from identity.identifier limit 1").fetchall()
    touched = touch(connection, rules, full=full)
    if touched:
        stage(connection, resolve(evidence_about_touched(connection, full=full), rules).tables())
    return evidence, touched


def write_update(connection: duckdb.DuckDBPyConnection) -> dict[str, Written]:
    """Write what was staged, inside the caller's transaction."""
    written = write_staged(connection)
    note_changed(connection)
    remember_seen(connection)
    return written
