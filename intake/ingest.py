"""Takes files in: each becomes one batch that is in the lake completely or not at all."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from filelock import FileLock

from intake.batch import Batch, Rules
from intake.chunk import Chunk, UnreadableInputError, one_chunk
from intake.consent import ALWAYS_STORED, Refusals
from intake.contract import SourceContract
from intake.event import load_event_types
from intake.identifiers import Hasher
from intake.intake_alerts import report_problems
from intake.join import Reference
from intake.keys import identifier_key_bytes
from intake.lake import sweep_drafts
from intake.mapping import Surroundings
from intake.ops_records import BatchRecord
from intake.ops_store import OpsStore
from intake.project import Project
from intake.readers import read_chunks
from intake.report import FileReport, IngestReport
from intake.validation import Bounds
from intake.vault import write_vault

Progress = Callable[[Path, int], None]
"""Called after each chunk with the file and the source rows read of it so far."""

_BLOCK = 1 << 20


def ingest(
    project: Project, contract: SourceContract, inputs: Sequence[Path], on_progress: Progress | None = None
) -> IngestReport:
    """Validate files against a contract and land their events in the lake.

    A file that was taken in before, under the same contract, adds nothing. Files are taken one after the other
    under a lock of the data folder; being killed at any point loses and doubles nothing.

    Raises:
        KeyProblem: the identifier key is missing or too short.
        VocabularyError: `event_types.yml` is missing or malformed.
    """
    store = OpsStore(project.paths)
    project.paths.root.mkdir(parents=True, exist_ok=True)
    with FileLock(project.paths.root / "intake.lock"):
        sweep_drafts(project.paths)
        reports = []
        for file in inputs:
            report = _take_in(project, contract, store, file, on_progress)
            report_problems(store, contract.name, report, at=project.clock.now())
            reports.append(report)
    return IngestReport(contract.name, tuple(reports))


def content_hash(file: Path) -> str:
    """SHA-256 of a file's bytes, in hex.

    Raises:
        UnreadableInputError: the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UnreadableInputError(f"{file}: is not a file")
        with file.open("rb") as handle:
            while block := handle.read(_BLOCK):
                digest.update(block)
    except PermissionError as error:
        raise UnreadableInputError(f"{file}: no permission to read it") from error
    except OSError as error:
        raise UnreadableInputError(f"{file}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _take_in(
    project: Project, contract: SourceContract, store: OpsStore, file: Path, on_progress: Progress | None
) -> FileReport:
    try:
        reference = Reference(contract.join, file) if contract.join else None
        input_hash = content_hash(file)
        batch_id = _batch_id(contract, input_hash, reference)
        known = store.batch(batch_id)
        if known is not None:
            return FileReport(
                file,
                "unchanged",
                batch_id=batch_id,
                input_hash=input_hash,
                message=f"{file}: taken in before, nothing to do",
            )
        started, before = project.clock.now(), file.stat()
        batch = Batch(project.paths, _rules(project, contract, store), batch_id)
        _fill(batch, contract, file, reference, on_progress)
        after = file.stat()
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise UnreadableInputError(f"{file}: changed while it was read; the next run takes it")
    except UnreadableInputError as error:
        return FileReport(file, "unreadable", message=str(error))
    if not batch.rows_read:
        return FileReport(file, "empty", input_hash=input_hash, message=f"{file}: no rows in it")
    batch.shelf.write(project.paths, contract.name, batch_id)
    write_vault(project.paths, batch.vault, contract.name, batch_id)
    record = BatchRecord(
        batch_id=batch_id,
        source=contract.name,
        contract_version=contract.content_version,
        input_name=file.name,
        input_hash=input_hash,
        rows_read=batch.rows_read,
        accepted=batch.accepted,
        duplicate=batch.duplicate,
        quarantined=len(batch.shelf.rows),
        suppressed=batch.suppressed,
        events=batch.events,
        started_at=started,
        finished_at=project.clock.now(),
    )
    store.record_batch(record, batch.files, batch.shelf.reasons, batch.consent)
    return _report(file, record, batch.shelf.reasons)


def _fill(
    batch: Batch, contract: SourceContract, file: Path, reference: Reference | None, on_progress: Progress | None
) -> None:
    chunks: Iterable[Chunk] = read_chunks(contract, file)
    if contract.lines:
        whole = one_chunk(chunks, contract)
        chunks = [whole] if whole else []
    for chunk in chunks:
        batch.add(chunk if reference is None else chunk.with_table(reference.added_to(chunk.table)))
        if on_progress:
            on_progress(file, batch.rows_read)
    batch.finish()


def _batch_id(contract: SourceContract, input_hash: str, reference: Reference | None) -> str:
    parts = [input_hash, contract.content_version]
    if reference is not None:
        parts.append(content_hash(reference.file))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _rules(project: Project, contract: SourceContract, store: OpsStore) -> Rules:
    settings, now = project.settings, project.clock.now()
    hasher = Hasher(identifier_key_bytes(project.paths), settings.intake.default_region)
    refused = [] if contract.consent == ALWAYS_STORED else store.consent_changes(contract.consent)
    return Rules(
        contract=contract,
        surroundings=Surroundings(hasher, now, settings.currency),
        vocabulary=load_event_types(project.config),
        bounds=Bounds(settings.intake.earliest_event, now, settings.intake.future_tolerance_seconds),
        refusals=Refusals(refused),
    )


def _report(file: Path, record: BatchRecord, reasons: dict[str, int]) -> FileReport:
    return FileReport(
        path=file,
        state="ingested",
        rows_read=record.rows_read,
        accepted=record.accepted,
        duplicate=record.duplicate,
        quarantined=record.quarantined,
        suppressed=record.suppressed,
        events=record.events,
        reasons=reasons,
        batch_id=record.batch_id,
        input_hash=record.input_hash,
    )
