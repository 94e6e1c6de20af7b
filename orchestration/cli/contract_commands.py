"""`concierge contract`: check a source contract, or have a first draft of one written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.dry_run import Trial
    from intake.project import Project

contract = typer.Typer(help="Source contracts: check one, or draft one from a sample.", no_args_is_help=True)


@contract.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The contract.")],
    sample: Annotated[
        Path | None,
        typer.Option(
            "--sample", metavar="DATA", help="A file to try it on, or the first of a folder; nothing is kept."
        ),
    ] = None,
) -> None:
    """Say every mistake in a contract, with its line, and what a sample would become.

    The sample is read as `ingest` would read it, in a folder of its own that is thrown away: counts, reasons, event
    types, identifiers, and the columns that the contract does not read. Exits 1 when the contract has a mistake or
    nothing in the sample can be read.
    """
    from intake.contract import load_contract
    from intake.contract_check import mistakes_in
    from intake.dry_run import try_out
    from intake.event import load_event_types
    from orchestration.cli.console import say, warn

    project = open_project()
    mistakes = mistakes_in(file, load_event_types(project.config))
    for mistake in mistakes:
        warn(str(mistake))
    if mistakes:
        raise CommandError(f"{file}: {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}")
    say(f"{file}: a sound contract")
    if sample is not None:
        chosen = load_contract(file)
        _show(try_out(project, chosen, _first_of(sample, chosen.format)))


@contract.command("infer")
def infer(
    sample: Annotated[
        Path,
        typer.Argument(
            metavar="SAMPLE", help="CSV, JSON lines or parquet, plain or compressed; of a folder its first file."
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Of the source; from the sample's name otherwise.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="NAME.yml; printed when left out.")
    ] = None,
) -> None:
    """Write a first draft of a contract from a sample file, with every guess marked and its reason.

    Guessed are format, delimiter, encoding, notation of numbers and times, event types, keys, identifiers, amounts,
    order lines and personal columns. The draft is tried on the sample at once. Read it before you use it.
    """
    from orchestration.cli.console import say, warn

    project = open_project()
    chosen = name or (output.stem if output else _name_of(sample))
    if output is not None and output.stem != chosen:
        raise CommandError(f"{output}: must be named {chosen}.yml, since a contract's name is its file's name")
    if output is not None and output.exists():
        raise CommandError(f"{output}: is there already; name another file or remove it")
    sample = _first_of(sample)
    text = _draft(project, sample, chosen)
    if output is None:
        say(text.rstrip())
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    trial = _trial(project, text, chosen, sample)
    report = trial.report
    warn(
        f"of {report.rows_read:,} rows in {sample.name}: {report.accepted:,} accepted, {report.duplicate:,} duplicate,"
        f" {report.quarantined:,} quarantined"
    )
    for reason, rows in sorted(report.reasons.items()):
        warn(f"  {rows:,} {reason}")
    if output is not None:
        warn(f"{output} is written; look at each guess, then: concierge contract check {output} --sample {sample}")


def _first_of(sample: Path, kind: str | None = None) -> Path:
    """The sample itself, or the first file of a folder that is in the contract's format, or in any we read."""
    from intake.locations import files_in
    from orchestration.cli.console import warn

    if not sample.is_dir():
        return sample
    files = files_in(sample, kind)
    if not files:
        raise CommandError(f"{sample}: holds no {kind or 'CSV, JSON lines or parquet'} file")
    warn(f"{files[0].name}: the first of {len(files)} in {sample}")
    return files[0]


def _draft(project: Project, sample: Path, name: str) -> str:
    from datetime import UTC, datetime

    from intake.event import load_event_types
    from intake.inference.guess import guess_contract
    from intake.inference.sample import read_sample

    day = datetime.fromtimestamp(sample.stat().st_mtime, UTC).date()
    day = min(day, project.clock.now().date())
    return guess_contract(read_sample(sample), name, load_event_types(project.config), day)


def _trial(project: Project, text: str, name: str, sample: Path) -> Trial:
    from tempfile import TemporaryDirectory

    from intake.contract import load_contract
    from intake.dry_run import try_out

    with TemporaryDirectory(prefix="concierge-") as folder:
        file = Path(folder) / f"{name}.yml"
        file.write_text(text, encoding="utf-8")
        return try_out(project, load_contract(file), sample)


def _name_of(sample: Path) -> str:
    import re

    stem = sample.name.split(".")[0].lower()
    word = re.sub(r"[^a-z0-9]+", "_", stem).strip("_")
    return word if re.match(r"^[a-z][a-z0-9_]+$", word) else f"source_{word}".strip("_")


def _show(trial: Trial) -> None:
    from orchestration.cli.console import say, show_table
    from orchestration.cli.ingest_command import show_file

    show_file(trial.report)
    if trial.report.state == "unreadable":
        raise CommandError(f"{trial.report.path}: nothing in it can be read")
    show_table(("events of type", "events"), sorted(trial.types.items()))
    show_table(("identifier", "events with it"), sorted(trial.identifiers.items()))
    if trial.first and trial.last:
        say(f"from {trial.first:%Y-%m-%d %H:%M} to {trial.last:%Y-%m-%d %H:%M} UTC")
    if trial.unmapped:
        say(f"columns that the contract does not read: {', '.join(trial.unmapped)}")
