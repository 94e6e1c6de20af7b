"""`concierge ingest`: files through a source contract into the lake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.contract import SourceContract
    from intake.project import Project
    from intake.report import FileReport, IngestReport

REPORT_COLUMNS = ("file", "state", "read", "accepted", "duplicate", "quarantined", "suppressed", "events")


def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Files or folders; with --source none means the contract's own location."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="A contract of the project: config/sources/NAME.yml.")
    ] = None,
    contract: Annotated[
        Path | None, typer.Option("--contract", metavar="FILE", help="A contract file anywhere.")
    ] = None,
) -> None:
    """Validate files against a source contract and land their events in the lake.

    Prints what was read, accepted, duplicate, quarantined and suppressed. Ingesting a file twice adds nothing. A file
    that cannot be read gets a one-line message; the exit code is 1 only when nothing at all could be read.
    """
    if (source is None) == (contract is None):
        raise typer.BadParameter("name exactly one of --source NAME and --contract FILE")
    if contract is not None and not paths:
        raise typer.BadParameter("name at least one PATH to read with --contract")
    project = open_project()
    chosen = _load(project, source, contract)
    _check_event_type(project, chosen)
    reports = _read(project, chosen, paths or [])
    show_reports(reports)
    if all(report.failed for report in reports) and any(report.files for report in reports):
        raise typer.Exit(1)


def show_reports(reports: Iterable[IngestReport]) -> None:
    """A line a file in a table, then a line for each reason and each message."""
    from orchestration.cli.console import say, show_table

    files = [file for report in reports for file in report.files]
    if not files:
        say("no files found")
        return
    show_table(REPORT_COLUMNS, [_row(file) for file in files])
    for file in files:
        _show_findings(file)


def show_file(file: FileReport) -> None:
    """One file: its counts, reasons and message."""
    from orchestration.cli.console import show_table

    show_table(REPORT_COLUMNS, [_row(file)])
    _show_findings(file)


def _show_findings(file: FileReport) -> None:
    from orchestration.cli.console import say, warn

    for reason, rows in sorted(file.reasons.items()):
        say(f"{file.path}: {rows:,} quarantined: {reason}")
    for finding, rows in sorted(file.findings.items()):
        say(f"{file.path}: {rows:,} {finding}")
    if file.message:
        (warn if file.state == "unreadable" else say)(" ".join(file.message.split()))


def _row(file: FileReport) -> tuple[object, ...]:
    counts = (file.rows_read, file.accepted, file.duplicate, file.quarantined, file.suppressed, file.events)
    return (file.path.name, file.state, *counts)


def _load(project: Project, source: str | None, contract: Path | None) -> SourceContract:
    from intake.contract import load_contract

    if contract is not None:
        return load_contract(contract)
    file = project.sources / f"{source}.yml"
    if not file.exists():
        known = ", ".join(sorted(found.stem for found in project.sources.glob("*.yml"))) or "none"
        raise CommandError(f"{source!r} is not a source of this project; {project.sources} has: {known}")
    return load_contract(file)


def _check_event_type(project: Project, contract: SourceContract) -> None:
    """A contract that gives all rows a type nobody knows would put every one of them into quarantine."""
    from difflib import get_close_matches

    from intake.event import load_event_types

    given, known = contract.event_type.value, sorted(load_event_types(project.config))
    if given is None or given in known:
        return
    likely = get_close_matches(str(given), known, n=3, cutoff=0.4) or known
    raise CommandError(
        f"{contract.name}: event_type: {given!r} is not in {project.config / 'event_types.yml'};"
        f" add it there, or use one of {', '.join(likely)}"
    )


def _read(project: Project, contract: SourceContract, paths: Sequence[Path]) -> list[IngestReport]:
    if paths:
        from intake.ingest import ingest as ingest_files
        from orchestration.cli.console import out
        from orchestration.cli.intake_progress import IntakeProgress

        files = [file for path in paths for file in _files(path, contract)]
        with IntakeProgress(files, out()) as progress:
            return [ingest_files(project, contract, files, progress)]
    if not contract.location:
        raise CommandError(f"{contract.name}: its contract names no location; name the files: PATH…")
    from intake.locations import files_of
    from intake.scan import scan_locations
    from orchestration.cli.console import out
    from orchestration.cli.intake_progress import IntakeProgress

    with IntakeProgress(files_of(project, contract), out()) as progress:
        return list(scan_locations(project, sources=[contract.name], on_progress=progress))


def _files(path: Path, contract: SourceContract) -> list[Path]:
    from intake.locations import files_in

    if not path.is_dir():
        return [path]
    files = files_in(path, contract.format)
    if not files:
        raise CommandError(f"{path}: holds no {contract.format} file")
    return files
