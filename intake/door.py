"""The way of one file into the lake."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from intake.batch import Batch, Rules, without_known_words
from intake.chunk import Chunk, UnreadableInputError
from intake.consent import ALWAYS_STORED
from intake.consent_history import ConsentHistory
from intake.content_hash import content_hash
from intake.contract import SourceContract
from intake.event import load_event_types
from intake.grown import FINDING, known_events
from intake.identifiers import Hasher
from intake.input_rows import input_chunks, rows_at
from intake.intake_alerts import report_problems
from intake.join import Reference
from intake.keys import identifier_key_bytes
from intake.mapping import Surroundings
from intake.ops_records import BatchRecord
from intake.ops_store import OpsStore
from intake.ops_supersede import SUPERSEDED
from intake.project import Project
from intake.regime import load_consent_rules
from intake.repeats import RepeatFinder, window_of
from intake.report import FileReport
from intake.schema_alerts import report_columns
from intake.sealed import unsealer
from intake.source_columns import ColumnWatch
from intake.suppression import Refusals
from intake.tombstones import door_keeper
from intake.validation import Bounds
from intake.vault import write_vault

Progress = Callable[[Path, int], None]
"""Called after each chunk with the file and the source rows read of it so far."""


class Door:
    """Takes files of one contract in, one after the other; whoever holds it holds the intake lock."""

    def __init__(self, project: Project, contract: SourceContract, on_progress: Progress | None = None) -> None:
        self.project, self.contract, self.on_progress = project, contract, on_progress
        self.store = OpsStore(project.paths)
        self._vocabulary = load_event_types(project.config)
        self._hasher = Hasher(identifier_key_bytes(project.paths), project.settings.intake.default_region)
        self._consent_rules = load_consent_rules(project.config)
        self._read_consent()
        stones, decisions = self.store.tombstones(), self.store.erased_decisions()
        self._keeper = door_keeper(project.paths, stones, contract, self._hasher, decisions)
        repeats = window_of(contract.repeats, contract.kind, project.settings.intake.repeat_window_seconds)
        self._repeats = RepeatFinder(repeats) if repeats else None

    def take_in(self, file: Path) -> FileReport:
        """One file; a problem with it is reported and opens an alert, and never raises."""
        try:
            report = self._judge(file)
        except UnreadableInputError as error:
            report = FileReport(file, "unreadable", message=str(error))
        report_problems(self.store, self.contract, report, at=self.project.clock.now())
        return report

    def _judge(self, file: Path) -> FileReport:
        reference = Reference(self.contract, self.contract.join, file) if self.contract.join else None
        input_hash = content_hash(file)
        batch_id = _batch_id(self.contract, input_hash, reference)
        if (known := self.store.batch(batch_id)) is not None:
            self._recall(batch_id)
            back = bool(known.events) and self.store.bring_back(known, self.project.clock.now())
            message = f"{file}: taken in before, {self._what_counts(known, back=back)}"
            other = known.input_name if known.input_name != file.name else ""
            return FileReport(
                file, "unchanged", batch_id=batch_id, input_hash=input_hash, message=message, same_as=other
            )
        started = self.project.clock.now()
        rules = self.rules(started)
        if self.store.read_before(self.contract.name, input_hash):
            rules = without_known_words(rules)
        batch = Batch(self.project.paths, rules, batch_id)
        watch = self._watch()
        self._fill(batch, file, reference, watch)
        if content_hash(file) != input_hash:
            raise UnreadableInputError(f"{file}: changed while it was read; the next run takes it")
        if not batch.rows_read:
            return FileReport(file, "empty", input_hash=input_hash, message=f"{file}: no rows in it")
        before = known_events(self.project.paths, self.store, self.contract.name, file.name, batch.files)
        batch.findings[FINDING] += before
        report = self._record(batch, file, input_hash, started, watch)
        if before:
            new = f"{batch.events - before:,} of {batch.events:,} events are new, the others came with it before"
            report = replace(report, message=f"{file}: {new} and count once")
        if watch is not None:
            day = min((written.event_date for written in batch.files), default=started.date())
            report_columns(self.store, self.contract.name, watch.changes(), file.name, day, started)
        return report

    def _what_counts(self, known: BatchRecord, *, back: bool) -> str:
        if back:
            return "what it became then counts again"
        if known.state != SUPERSEDED:
            return "nothing to do"
        return (
            f"under this very contract ({self.contract.name}, version {self.contract.version}), but what it became "
            "then is gone since, as after an erasure; raise the version to read it again"
        )

    def _watch(self) -> ColumnWatch | None:
        # What the service itself writes has the columns that each record needs.
        if self.contract.kind == "service_log":
            return None
        return ColumnWatch(self.contract, self.store.source_columns(self.contract.name))

    def _recall(self, batch_id: str) -> None:
        """Events of a file that is in already count for repeats as if it had been read now."""
        if self._repeats is not None:
            for file in self.store.files_of_batch(batch_id):
                self._repeats.add(pq.read_table(self.project.paths.root / file.path, partitioning=None))
            self._repeats.repeated()

    def _fill(self, batch: Batch, file: Path, reference: Reference | None, watch: ColumnWatch | None) -> None:
        for chunk in self._chunks(file, reference, watch):
            batch.add(chunk)
            batch.shelf.columns = batch.shelf.columns or chunk.names
            if self.on_progress:
                self.on_progress(file, batch.rows_read)
        batch.review(lambda positions: rows_at(self._chunks(file, reference), positions))
        batch.finish()

    def _chunks(self, file: Path, reference: Reference | None, watch: ColumnWatch | None = None) -> Iterator[Chunk]:
        return input_chunks(self.contract, file, reference, unsealer(self.project.paths), watch)

    def _record(
        self, batch: Batch, file: Path, input_hash: str, started: datetime, watch: ColumnWatch | None
    ) -> FileReport:
        paths, name = self.project.paths, self.contract.name
        batch.shelf.write(paths, name, batch.batch_id)
        write_vault(paths, batch.vault, name, batch.batch_id)
        record = BatchRecord(
            batch_id=batch.batch_id,
            source=name,
            contract_version=self.contract.content_version,
            input_name=file.name,
            input_hash=input_hash,
            rows_read=batch.rows_read,
            accepted=batch.accepted,
            duplicate=batch.duplicate,
            quarantined=len(batch.shelf.rows),
            suppressed=batch.suppressed,
            events=batch.events,
            started_at=started,
            finished_at=self.project.clock.now(),
        )
        columns = watch.seen() if watch is not None else ()
        self.store.record_batch(
            record, batch.files, batch.shelf.reasons, batch.consent, batch.withheld, batch.findings, columns
        )
        if batch.consent:
            self._read_consent()
        return _report(file, record, batch)

    def rules(self, now: datetime) -> Rules:
        """What decides at this moment what becomes of a row."""
        settings = self.project.settings
        return Rules(
            contract=self.contract,
            surroundings=Surroundings(self._hasher, now, settings.currency),
            vocabulary=self._vocabulary,
            bounds=Bounds(settings.intake.earliest_event, now, settings.intake.future_tolerance_seconds),
            refusals=self._refusals,
            histories=self._histories,
            keeper=self._keeper,
            repeats=self._repeats,
        )

    def _read_consent(self) -> None:
        purpose, rules = self.contract.consent, self._consent_rules
        everybody = purpose != ALWAYS_STORED and rules.asks_first(purpose)
        known = [] if purpose == ALWAYS_STORED else self.store.consent_changes(purpose, everybody=everybody)
        self._refusals = Refusals(known, purpose, rules)
        self._histories: dict[str, ConsentHistory] = {
            name: ConsentHistory(self.store.consent_changes(name, everybody=True)) for name in self.contract.consents
        }


def _batch_id(contract: SourceContract, input_hash: str, reference: Reference | None) -> str:
    parts = [input_hash, contract.content_version]
    if reference is not None:
        parts.append(content_hash(reference.file))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _report(file: Path, record: BatchRecord, batch: Batch) -> FileReport:
    return FileReport(
        path=file,
        state="ingested",
        rows_read=record.rows_read,
        accepted=record.accepted,
        duplicate=record.duplicate,
        quarantined=record.quarantined,
        suppressed=record.suppressed,
        events=record.events,
        reasons=batch.shelf.reasons,
        findings={name: rows for name, rows in sorted(batch.findings.items()) if rows},
        hours_ahead=batch.hours_ahead,
        batch_id=record.batch_id,
        input_hash=record.input_hash,
    )
