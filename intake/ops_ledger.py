"""What has been taken in: batches, the lake's file list, touched days, consent."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import date, datetime
from typing import Any

from intake.ops_records import BatchRecord, ConsentChange, LakeFile, SeenFile, TouchedDay, from_text, to_text
from intake.ops_source_columns import ColumnBook, remember_columns
from intake.ops_supersede import bring_back, supersede
from intake.source_columns import SeenColumn

# Of two words of one moment the refusal stays, whichever came in first.
_CONSENT = """
    insert into consent (identifier, purpose, occurred_at, granted, identifier_type, source, note, batch_id)
    values (?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (identifier, purpose, occurred_at)
    do update set granted = min(granted, excluded.granted), batch_id = excluded.batch_id
"""
# What a contract made of a file before it was put right: its yes allows nothing any more, its no goes on protecting.
_IN_FORCE = "(granted = 0 or batch_id not in (select batch_id from batch where state = 'superseded'))"


class LakeLedger(ColumnBook):
    """The part of the store that intake writes."""

    def record_batch(
        self,
        batch: BatchRecord,
        files: Sequence[LakeFile],
        reasons: Mapping[str, int] | None = None,
        consent: Sequence[ConsentChange] = (),
        suppressed: Mapping[tuple[str, str], int] | None = None,
        findings: Mapping[str, int] | None = None,
        columns: Sequence[SeenColumn] = (),
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
            self.insert_batch(connection, batch, files, consent)
            if batch.events:
                # A contract under which nothing can be read any more is a mistake, and takes nothing away.
                supersede(connection, batch, to_text(batch.finished_at))
            counts = [(batch.batch_id, reason, rows) for reason, rows in sorted((reasons or {}).items())]
            _insert(connection, "quarantine_row_count", counts)
            found = [(batch.batch_id, finding, rows) for finding, rows in sorted((findings or {}).items()) if rows]
            _insert(connection, "batch_finding", found)
            remember_columns(connection, batch.source, columns, batch.input_name, batch.finished_at)
            withheld = [(batch.batch_id, *key, rows) for key, rows in sorted((suppressed or {}).items())]
            _insert(connection, "suppressed_row_count", withheld)
        return True

    @staticmethod
    def insert_batch(
        connection: sqlite3.Connection,
        batch: BatchRecord,
        files: Sequence[LakeFile],
        consent: Sequence[ConsentChange] = (),
    ) -> None:
        """The batch, its files, the days they touch and what they say of consent; inside the caller's transaction."""
        _insert(connection, "batch", [_batch_row(batch)])
        _insert(connection, "lake_file", [_file_row(file) for file in files])
        days = sorted({file.event_date for file in files})
        finished = to_text(batch.finished_at)
        marks = "touched_day (event_date, batch_id, touched_at, consumed_run_id)"
        _insert(connection, marks, [(day.isoformat(), batch.batch_id, finished, None) for day in days])
        connection.executemany(_CONSENT, [(*_consent_row(change), batch.batch_id) for change in consent])

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
        return [_lake_file(row) for row in rows]

    def kept_files(self) -> list[LakeFile]:
        """The lake as it stands, and what files became under other contracts, as far as that may count again."""
        return [_lake_file(row) for row in self.rows("select * from lake_file order by event_date, path")]

    def read_before(self, source: str, input_hash: str) -> bool:
        """Whether these bytes are in already, under whatever contract."""
        found = self.rows("select 1 from batch where source = ? and input_hash = ? limit 1", source, input_hash)
        return bool(found)

    def files_of_batch(self, batch_id: str) -> list[LakeFile]:
        """Visible files that a batch wrote."""
        query = "select * from lake_file where state = 'visible' and batch_id = ? order by event_date, path"
        return [_lake_file(row) for row in self.rows(query, batch_id)]

    def bring_back(self, batch: BatchRecord, at: datetime) -> bool:
        """Make a batch count again that the same file, read under another contract, had replaced; False if it does."""
        with self.transaction() as connection:
            return bool(bring_back(connection, batch, to_text(at)))

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

    def quarantine_counts(self, source: str | None = None) -> dict[tuple[str, str], int]:
        """(source, reason) → quarantined source rows; of a file that was read again, those of the last reading."""
        rows = self.rows(
            "select b.source, q.reason, sum(q.rows) as n from quarantine_row_count q join batch b using (batch_id)"
            " where b.state <> 'superseded' and (? is null or b.source = ?) group by 1, 2 order by 1, 2",
            source,
            source,
        )
        return {(row["source"], row["reason"]): int(row["n"]) for row in rows}

    def findings(self, source: str | None = None) -> dict[tuple[str, str], int]:
        """(source, finding) → source rows: duplicates by kind, clocks put right, bots, rows replayed."""
        rows = self.rows(
            "select b.source, f.finding, sum(f.rows) as n from batch_finding f join batch b using (batch_id)"
            " where b.state <> 'superseded' and (? is null or b.source = ?) group by 1, 2 order by 1, 2",
            source,
            source,
        )
        return {(row["source"], row["finding"]): int(row["n"]) for row in rows}

    def consent_changes(self, purpose: str, *, everybody: bool = False) -> list[ConsentChange]:
        """Every word given on a purpose, oldest first: of the identifiers that ever refused it, or of all."""
        rows = self.rows(
            f"select * from consent where {_IN_FORCE} and purpose = ? and (? or identifier in"
            " (select identifier from consent where purpose = ? and granted = 0)) order by occurred_at",
            purpose,
            everybody,
            purpose,
        )
        return [_consent_change(row) for row in rows]

    def consent_of(self, identifiers: Sequence[str]) -> list[ConsentChange]:
        """Every word of these identifier hashes, oldest first."""
        marks = ", ".join("?" * len(identifiers))
        query = f"select * from consent where {_IN_FORCE} and identifier in ({marks}) order by occurred_at"
        rows = self.rows(query, *identifiers)
        return [_consent_change(row) for row in rows]

    def suppressed_counts(self) -> dict[tuple[date, str, str, str], int]:
        """(day of intake in UTC, source, purpose, reason) → source rows that were left out."""
        rows = self.rows(
            "select substr(b.finished_at, 1, 10) as day, b.source, s.purpose, s.reason, sum(s.rows) as n"
            " from suppressed_row_count s join batch b using (batch_id) group by 1, 2, 3, 4 order by 1, 2, 3, 4"
        )
        return {
            (date.fromisoformat(row["day"]), row["source"], row["purpose"], row["reason"]): int(row["n"])
            for row in rows
        }

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
    return (
        change.identifier,
        change.purpose,
        to_text(change.occurred_at),
        int(change.granted),
        change.identifier_type,
        change.source,
        change.note,
    )


def _consent_change(row: sqlite3.Row) -> ConsentChange:
    return ConsentChange(
        row["identifier"],
        row["purpose"],
        bool(row["granted"]),
        from_text(row["occurred_at"]),
        row["identifier_type"],
        row["source"],
        row["note"],
    )


def _with_times(row: sqlite3.Row, *times: str) -> dict[str, Any]:
    return {key: from_text(row[key]) if key in times else row[key] for key in row.keys()}  # noqa: SIM118


def _lake_file(row: sqlite3.Row) -> LakeFile:
    times = _with_times(row, "min_received_at", "max_received_at", "loaded_at")
    return LakeFile(**{**times, "event_date": date.fromisoformat(row["event_date"])})
