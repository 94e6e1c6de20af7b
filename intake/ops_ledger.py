"""What has been taken in: batches, the lake's file list, touched days, consent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import date, datetime
from typing import Any

from intake.ops_database import OpsDatabase
from intake.ops_records import BatchRecord, ConsentChange, LakeFile, SeenFile, TouchedDay, from_text, to_text


class LakeLedger(OpsDatabase):
    """The part of the store that intake writes."""

    def record_batch(
        self,
        batch: BatchRecord,
        files: Sequence[LakeFile],
        reasons: Mapping[str, int] | None = None,
        consent: Sequence[ConsentChange] = (),
    ) -> bool:
        """Make a batch visible in one transaction: its files, counts, touched days and consent.

        Returns:
            False when the batch was recorded before; then nothing changes.

        Raises:
            ValueError: the counts do not add up, or the files do not hold the batch's events.
        """
        _check_conservation(batch, files, reasons or {})
        with self.transaction() as connection:
            if connection.execute("select 1 from batch where batch_id = ?", (batch.batch_id,)).fetchone():
                return False
            _insert(connection, "batch", [_batch_row(batch)])
            _insert(connection, "lake_file", [_file_row(file) for file in files])
            days = sorted({file.event_date for file in files})
            finished = to_text(batch.finished_at)
            _insert(connection, "touched_day", [(day.isoformat(), batch.batch_id, finished, None) for day in days])
            counts = [(batch.batch_id, reason, rows) for reason, rows in sorted((reasons or {}).items())]
            _insert(connection, "quarantine_row_count", counts)
            _insert(connection, "consent", [_consent_row(change) for change in consent], "or replace")
        return True

    def batches(self, source: str | None = None) -> list[BatchRecord]:
        """All batches, oldest first."""
        rows = self.rows("select * from batch where ? is null or source = ? order by started_at", source, source)
        return [BatchRecord(**_with_times(row, "started_at", "finished_at")) for row in rows]

    def batch(self, batch_id: str) -> BatchRecord | None:
        """The batch of this id, or None."""
        rows = self.rows("select * from batch where batch_id = ?", batch_id)
        return BatchRecord(**_with_times(rows[0], "started_at", "finished_at")) if rows else None

    def visible_files(self) -> list[LakeFile]:
        """The lake as it stands: what a run pins."""
        rows = self.rows("select * from lake_file where state = 'visible' order by event_date, path")
        times = ("min_received_at", "max_received_at", "loaded_at")
        return [
            LakeFile(**{**_with_times(row, *times), "event_date": date.fromisoformat(row["event_date"])})
            for row in rows
        ]

    def swap_files(self, retired: Sequence[str], added: Sequence[LakeFile]) -> None:
        """Replace files in one transaction, as compaction and erasure do."""
        with self.transaction() as connection:
            connection.executemany("update lake_file set state = 'retired' where path = ?", [(p,) for p in retired])
            _insert(connection, "lake_file", [_file_row(file) for file in added])

    def touched_days(self, before: datetime | None = None) -> list[date]:
        """Days changed since they were last rebuilt, in order; with `before`, only touched earlier than that."""
        limit = to_text(before) if before else None
        rows = self.rows(
            "select distinct event_date from touched_day where consumed_run_id is null"
            " and (? is null or touched_at < ?) order by event_date",
            limit,
            limit,
        )
        return [date.fromisoformat(row["event_date"]) for row in rows]

    def touches(self) -> list[TouchedDay]:
        """Every (day, batch) that is not rebuilt yet."""
        rows = self.rows("select * from touched_day where consumed_run_id is null order by event_date, batch_id")
        return [
            TouchedDay(
                date.fromisoformat(row["event_date"]),
                row["batch_id"],
                from_text(row["touched_at"]),
                row["consumed_run_id"],
            )
            for row in rows
        ]

    def consume_touched(self, days: Iterable[date], before: datetime | None, run_id: str) -> int:
        """Mark days as rebuilt by `run_id`, as far as they were touched before that moment (None: all).

        Returns:
            How many (day, batch) marks were consumed.
        """
        limit = to_text(before) if before else None
        with self.transaction() as connection:
            cursor = connection.executemany(
                "update touched_day set consumed_run_id = ? where event_date = ? and consumed_run_id is null"
                " and (? is null or touched_at < ?)",
                [(run_id, day.isoformat(), limit, limit) for day in days],
            )
            return cursor.rowcount

    def quarantine_counts(self, source: str | None = None) -> dict[tuple[str, str], int]:
        """(source, reason) → quarantined source rows."""
        rows = self.rows(
            "select b.source, q.reason, sum(q.rows) as n from quarantine_row_count q join batch b using (batch_id)"
            " where ? is null or b.source = ? group by 1, 2 order by 1, 2",
            source,
            source,
        )
        return {(row["source"], row["reason"]): int(row["n"]) for row in rows}

    def consent_changes(self, purpose: str) -> list[ConsentChange]:
        """Every word given on a purpose, oldest first, of the identifiers that ever refused it."""
        rows = self.rows(
            "select * from consent where purpose = ? and identifier in"
            " (select identifier from consent where purpose = ? and granted = 0) order by occurred_at",
            purpose,
            purpose,
        )
        return [
            ConsentChange(row["identifier"], row["purpose"], bool(row["granted"]), from_text(row["occurred_at"]))
            for row in rows
        ]

    def seen_files(self, source: str) -> dict[str, SeenFile]:
        """What the last scan saw of a source, by path."""
        rows = self.rows("select * from seen_file where source = ?", source)
        return {row["path"]: SeenFile(**{k: row[k] for k in row.keys() if k != "source"}) for row in rows}  # noqa: SIM118

    def remember_files(self, source: str, files: Sequence[SeenFile]) -> None:
        """Remember what a scan saw."""
        with self.transaction() as connection:
            _insert(connection, "seen_file", [(source, *astuple(file)) for file in files], "or replace")


def _check_conservation(batch: BatchRecord, files: Sequence[LakeFile], reasons: Mapping[str, int]) -> None:
    accounted = batch.accepted + batch.duplicate + batch.quarantined + batch.suppressed
    if batch.rows_read != accounted:
        raise ValueError(f"batch {batch.batch_id}: rows_read {batch.rows_read} differs from accounted rows {accounted}")
    if sum(file.rows for file in files) != batch.events:
        raise ValueError(
            f"batch {batch.batch_id}: files hold {sum(file.rows for file in files)} of {batch.events} events"
        )
    if sum(reasons.values()) != batch.quarantined:
        raise ValueError(
            f"batch {batch.batch_id}: reasons add up to {sum(reasons.values())} of {batch.quarantined} rows"
        )


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]], clause: str = "") -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert {clause} into {table} values ({marks})", rows)


def _batch_row(batch: BatchRecord) -> tuple[Any, ...]:
    return tuple(to_text(value) if isinstance(value, datetime) else value for value in astuple(batch))


def _file_row(file: LakeFile) -> tuple[Any, ...]:
    times = (to_text(file.min_received_at), to_text(file.max_received_at), to_text(file.loaded_at))
    return (file.path, file.source, file.event_date.isoformat(), file.batch_id, file.rows, *times, file.state)


def _consent_row(change: ConsentChange) -> tuple[Any, ...]:
    return (change.identifier, change.purpose, to_text(change.occurred_at), int(change.granted))


def _with_times(row: sqlite3.Row, *times: str) -> dict[str, Any]:
    return {key: from_text(row[key]) if key in times else row[key] for key in row.keys()}  # noqa: SIM118
