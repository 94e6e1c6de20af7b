"""Moves quarantined rows to where they belong now, in the accounts of the batch that they came with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intake.ops_ledger import LakeLedger
from intake.ops_records import BatchRecord, ConsentChange, LakeFile, to_text
from intake.ops_supersede import OTHERS, supersede


@dataclass(frozen=True)
class Replay:
    """Rows of one batch that leave its quarantine: (key, reason) of each, and how many count as what now."""

    batch: BatchRecord
    rows: tuple[tuple[str, str], ...]
    moved: Mapping[str, int]

    @property
    def batch_id(self) -> str:
        """The batch whose quarantine they leave."""
        return self.batch.batch_id


class ReplayBook(LakeLedger):
    """The part of the store that knows which quarantined rows were replayed."""

    def replayed_rows(self, batch_id: str) -> set[str]:
        """Keys of the rows of a batch that have left its quarantine, even if they still lie in its file."""
        found = self.rows("select row_key from quarantine_replayed where batch_id = ?", batch_id)
        return {row["row_key"] for row in found}

    def replays_of(self, batch_id: str) -> list[str]:
        """The batches that rows of this one's quarantine landed as."""
        query = "select distinct replay_id from quarantine_replayed where batch_id = ? order by replay_id"
        return [row["replay_id"] for row in self.rows(query, batch_id)]

    def rivals(self, batch: BatchRecord) -> list[str]:
        """Batches in force that the same bytes became under other contracts: those that a replay would replace."""
        names = {"source": batch.source, "input_hash": batch.input_hash, "batch_id": batch.batch_id}
        with self.reading() as connection:
            found = connection.execute(
                f"select distinct batch_id from lake_file where state = 'visible' and batch_id in ({OTHERS})", names
            )
            return [row["batch_id"] for row in found]

    def record_replay(
        self, replay: Replay, record: BatchRecord, files: Sequence[LakeFile], consent: Sequence[ConsentChange] = ()
    ) -> None:
        """One transaction: the new files and their touched days, the accounts of both batches, and the marks.

        What the same bytes became under another contract counts no longer once a row of them lands: a file is in
        the lake once.

        Raises:
            ValueError: the rows do not add up, or some of them were replayed before.
        """
        if sum(replay.moved.values()) != len(replay.rows):
            raise ValueError(f"batch {replay.batch_id}: {len(replay.rows)} rows leave, {dict(replay.moved)} arrive")
        with self.transaction() as connection:
            self.insert_batch(connection, record, files, consent)
            connection.executemany(
                "insert into quarantine_replayed values (?, ?, ?, ?)",
                [(replay.batch_id, key, reason, record.batch_id) for key, reason in replay.rows],
            )
            if record.events:
                supersede(connection, replay.batch, to_text(record.finished_at), touched_by=record.batch_id)
            connection.execute(
                "update batch set accepted = accepted + ?, duplicate = duplicate + ?, suppressed = suppressed + ?,"
                " quarantined = quarantined - ? where batch_id = ?",
                (*(replay.moved[name] for name in ("accepted", "duplicate", "suppressed")), len(replay.rows),
                 replay.batch_id),
            )  # fmt: skip
            for reason, rows in Counter(reason for _, reason in replay.rows).items():
                key = (rows, replay.batch_id, reason)
                connection.execute(
                    "update quarantine_row_count set rows = rows - ? where batch_id = ? and reason = ?", key
                )
            connection.execute("delete from quarantine_row_count where rows = 0")
            connection.execute(
                "insert into batch_finding values (?, 'replayed', ?)"
                " on conflict (batch_id, finding) do update set rows = rows + excluded.rows",
                (replay.batch_id, len(replay.rows)),
            )
