"""Reads quarantined rows again once their contract was put right, and lands those that can be read now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from intake.batch import Batch, without_known_words
from intake.contract import Join, SourceContract
from intake.door import Door
from intake.input_rows import rows_at
from intake.join import Reference
from intake.lake import sweep_drafts
from intake.locations import files_of
from intake.ops_records import BatchRecord, LakeFile
from intake.ops_replay import Replay
from intake.ops_store import OpsStore
from intake.ops_supersede import SUPERSEDED
from intake.project import Project
from intake.quarantine import QuarantinedRow, columns_of_quarantine, keep_only, open_rows, row_key
from intake.replay_rows import replayed_chunk
from intake.sealed import unsealer
from intake.source_columns import ColumnWatch
from intake.vault import write_vault
from intake.wrong_zone import REASON

_WHOLE = ["event_id", "event_type", "order_id", "occurred_at", "amount"]
"""Columns by which refunds are compared with their orders."""


@dataclass(frozen=True)
class ReplayReport:
    """What became of the quarantined rows of one batch: rows = accepted + duplicate + suppressed + kept."""

    input_name: str
    batch_id: str
    rows: int
    accepted: int
    duplicate: int
    suppressed: int
    kept: int
    events: int
    reasons: Mapping[str, int] = field(default_factory=dict)


class ReplayError(ValueError):
    """The rows cannot be read again."""


def replay(
    project: Project, contract: SourceContract, *, batch: str | None = None, reason: str | None = None
) -> list[ReplayReport]:
    """Read the quarantined rows of a source again under this contract.

    Rows that can be read now land in the lake as a batch of their own and count as accepted (or duplicate, or
    suppressed) in the batch that they came with, in one transaction that also marks them as replayed; then they leave
    the quarantine file. A kill in between loses and doubles nothing, and a second call finds nothing more to do.
    A file is in the lake once: where another reading of the same bytes counts, as after a contract under which
    nothing could be read, the replayed rows take its place.

    Args:
        batch: only batches whose id starts like this.
        reason: only rows whose reason starts like this.

    Raises:
        ReplayError: the contract joins a reference file that is not there any more, or `batch` names only batches
            whose file was read again since, or `reason` would replace another reading of a file by a part of it.
    """
    with FileLock(project.paths.root / "intake.lock"):
        sweep_drafts(project.paths)
        door = Door(project, contract)
        chosen = [_Rereading(door, known) for known in _chosen(door.store, contract.name, batch or "")]
        for each in chosen if reason else ():
            each.refuse_part()
        reports = [each.run(reason or "") for each in chosen]
    _close_alerts(door, contract.name)
    return [report for report in reports if report.rows]


def _chosen(store: OpsStore, source: str, batch: str) -> list[BatchRecord]:
    named = [known for known in store.batches(source) if known.quarantined and known.batch_id.startswith(batch)]
    in_force = [known for known in named if known.state != SUPERSEDED]
    if batch and named and not in_force:
        raise ReplayError(
            f"{source}: {named[-1].input_name}, batch {named[-1].batch_id[:12]}: the file was read again under another"
            " contract since, and its rows are counted there; leave --batch out, or name the later batch"
        )
    return in_force


class _Rereading:
    """The quarantined rows of one batch on their way."""

    def __init__(self, door: Door, known: BatchRecord) -> None:
        self.door, self.known = door, known
        self.project, self.contract, self.store = door.project, door.contract, door.store

    def refuse_part(self) -> None:
        """Say no to some of the rows where they would take the place of all that the file is in the lake with."""
        if rivals := self.store.rivals(self.known):
            raise ReplayError(
                f"{self.contract.name}: {self.known.input_name}, batch {self.known.batch_id[:12]}: what the file"
                f" became under another contract (batch {rivals[0][:12]}) counts until its rows are read again, all"
                f" of them: leave --reason out, or name --batch {rivals[0][:12]}"
            )

    def run(self, reason: str) -> ReplayReport:
        now = self.store.batch(self.known.batch_id)
        superseded = now is not None and now.state == SUPERSEDED  # by another reading of its file, a moment ago
        everything = [] if superseded else open_rows(self.project.paths, self.store, self.known)
        rows = [row for row in everything if row.reason.startswith(reason)]
        batch = self._read(rows) if rows else None
        if batch is None:
            return ReplayReport(self.known.input_name, self.known.batch_id, 0, 0, 0, 0, 0, 0)
        left = {row.row_number for row in batch.shelf.rows}
        done = [row for place, row in enumerate(rows) if place not in left]
        if done:
            self._land(batch, done)
            gone = {row_key(row) for row in done}
            keep_only(self.project.paths, self.known, [row for row in everything if row_key(row) not in gone])
        return ReplayReport(
            self.known.input_name, self.known.batch_id, len(rows), batch.accepted, batch.duplicate, batch.suppressed,
            len(left), batch.events, batch.shelf.reasons,
        )  # fmt: skip

    def _read(self, rows: Sequence[QuarantinedRow]) -> Batch:
        paths = self.project.paths
        rules = self.door.rules(self.project.clock.now())
        if self.store.rivals(self.known):
            rules = without_known_words(rules)
        batch = Batch(paths, rules, self._id(rows))
        replays = self.store.replays_of(self.known.batch_id)
        for events in self._events([self.known.batch_id, *replays], _WHOLE):
            batch.recall(events)
        own = self._event_ids([self.known.batch_id])
        if self.contract.lines and self.contract.lines.group_by:
            # Rows of an event that came in without them: landed alone they would be lost behind it.
            batch.part_in_lake = own
        else:
            batch.know(own)
        batch.know(self._event_ids(replays))
        watch = ColumnWatch(self.contract, self.store.source_columns(self.contract.name))
        header = columns_of_quarantine(paths, self.known)
        chunk = replayed_chunk(self.contract, rows, header, watch, unsealer(paths))
        if self.contract.join:
            chunk = chunk.with_table(self._reference(self.contract.join).added_to(chunk.table))
        batch.add(chunk)
        batch.review(lambda positions: rows_at(iter([chunk]), positions))
        read = {*chunk.row_numbers.tolist(), *(bad.row_number for bad in chunk.malformed)}
        batch.shelf.rows += [
            QuarantinedRow(place, "skipped", row.original) for place, row in enumerate(rows) if place not in read
        ]
        batch.finish()
        return batch

    def _id(self, rows: Sequence[QuarantinedRow]) -> str:
        keys = "".join(sorted(row_key(row) for row in rows))
        words = f"replay|{self.known.batch_id}|{self.contract.content_version}|{keys}"
        return hashlib.sha256(words.encode()).hexdigest()

    def _event_ids(self, batches: Sequence[str]) -> pa.Array:
        """Events of these batches in the lake."""
        ids = [events.column(0).combine_chunks() for events in self._events(batches, ["event_id"])]
        return pa.chunked_array(ids, pa.string()).combine_chunks()

    def _events(self, batches: Sequence[str], columns: list[str]) -> Iterator[pa.Table]:
        files: list[LakeFile] = [file for batch_id in batches for file in self.store.files_of_batch(batch_id)]
        for file in files:
            yield pq.read_table(self.project.paths.root / file.path, columns=columns, partitioning=None)

    def _reference(self, join: Join) -> Reference:
        beside = [file for file in files_of(self.project, self.contract) if file.name == self.known.input_name]
        if not beside:
            raise ReplayError(
                f"{self.contract.name}: {join.file}, which it joins, is looked for beside"
                f" {self.known.input_name}, and that is not at its location any more"
            )
        return Reference(self.contract, join, beside[0])

    def _land(self, batch: Batch, done: Sequence[QuarantinedRow]) -> None:
        write_vault(self.project.paths, batch.vault, self.contract.name, batch.batch_id)
        now = self.project.clock.now()
        record = BatchRecord(
            batch.batch_id, self.contract.name, self.contract.content_version, self.known.input_name,
            self.known.input_hash, 0, 0, 0, 0, 0, batch.events, now, now,
            message=f"rows of batch {self.known.batch_id[:12]} that were quarantined",
        )  # fmt: skip
        moved = {"accepted": batch.accepted, "duplicate": batch.duplicate}
        moved["suppressed"] = len(done) - batch.accepted - batch.duplicate
        replayed = Replay(self.known, tuple((row_key(row), row.reason) for row in done), moved)
        self.store.record_replay(replayed, record, batch.files, batch.consent)


def _close_alerts(door: Door, source: str) -> None:
    reasons = [reason for _, reason in door.store.quarantine_counts(source)]
    now, note = door.project.clock.now(), "the rows were replayed"
    if not any(not reason.startswith(REASON) for reason in reasons):
        door.store.resolve_cause(f"intake:quarantine:{source}", at=now, note=note)
    if not any(reason.startswith(REASON) for reason in reasons):
        door.store.resolve_cause(f"intake:wrong_zone:{source}", at=now, note=note)
