"""Looks where the contracts say that files land, and takes in what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from intake.contract import ContractError, SourceContract, load_contract
from intake.door import Progress
from intake.ingest import ingest
from intake.locations import files_of
from intake.ops_records import SeenFile
from intake.ops_store import OpsStore
from intake.project import Project
from intake.report import FileReport, IngestReport
from intake.segments import adopt_segments

Stamp = tuple[int, int]


def scan_locations(
    project: Project, sources: Sequence[str] | None = None, on_progress: Progress | None = None
) -> list[IngestReport]:
    """Take in every new file of the contracts that declare a `location`; a report for each of these sources.

    A file whose path, size and modification time are as they were is not read again, a copy under another name is
    read but adds nothing. Consent comes first, so that what a person refused holds for the same scan.

    Args:
        sources: names of contracts; all when None.

    Raises:
        ContractError: a contract is wrong, or a name in `sources` has none.
    """
    contracts = [contract for contract in _contracts(project, sources) if contract.location]
    adopt_segments(project.paths.service_log)
    store = OpsStore(project.paths)
    return [_scan(project, contract, store, on_progress) for contract in sorted(contracts, key=_consent_first)]


def _contracts(project: Project, sources: Sequence[str] | None) -> list[SourceContract]:
    files = {file.stem: file for file in sorted(project.sources.glob("*.yml"))}
    unknown = sorted(set(sources or ()) - set(files))
    if unknown:
        raise ContractError(f"{project.sources}: no contract {unknown[0]!r}; there are: {', '.join(files) or 'none'}")
    return [load_contract(file) for name, file in files.items() if sources is None or name in sources]


def _consent_first(contract: SourceContract) -> tuple[bool, str]:
    return contract.kind != "consent", contract.name


def _scan(project: Project, contract: SourceContract, store: OpsStore, on_progress: Progress | None) -> IngestReport:
    seen, version = store.seen_files(contract.name), contract.content_version
    stamps = {file: _stamp(file) for file in files_of(project, contract)}
    fresh = [file for file in stamps if not _as_it_was(version, seen.get(str(file)), stamps[file])]
    taken = {report.path: report for report in ingest(project, contract, fresh, on_progress).files} if fresh else {}
    known = [_memory(version, stamps[file], taken[file]) for file in fresh]
    store.remember_files(contract.name, [file for file in known if file is not None])
    return IngestReport(contract.name, tuple(taken.get(file) or _unchanged(file, seen) for file in stamps))


def _as_it_was(version: str, seen: SeenFile | None, stamp: Stamp | None) -> bool:
    return bool(seen and (seen.size, seen.mtime_ns) == stamp and seen.contract_version == version)


def _unchanged(file: Path, seen: Mapping[str, SeenFile]) -> FileReport:
    batch_id = seen[str(file)].batch_id
    return FileReport(file, "unchanged", batch_id=batch_id, message=f"{file}: as it was, nothing to do")


def _stamp(file: Path) -> Stamp | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _memory(version: str, stamp: Stamp | None, report: FileReport) -> SeenFile | None:
    if stamp is None or report.state == "unreadable":
        return None
    return SeenFile(str(report.path), *stamp, report.input_hash, version, report.batch_id)
