"""`concierge quarantine`: rows that did not fit, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.contract import SourceContract
    from intake.project import Project
    from intake.replay import ReplayReport

quarantine = typer.Typer(
    help="Rows that did not fit: counts by reason, masked rows, and reading them again.", no_args_is_help=True
)
REPLAY_COLUMNS = ("file", "batch", "rows", "accepted", "duplicate", "suppressed", "kept", "events")

Contract = Annotated[
    Path | None, typer.Option("--contract", metavar="FILE", help="The contract, where it is none of the project's.")
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Only reasons that start like this.")]
Batch = Annotated[str | None, typer.Option("--batch", metavar="ID", help="Only batches whose id starts like this.")]


@quarantine.command("list")
def list_reasons(
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only this source.")] = None,
) -> None:
    """Count the quarantined rows by source and reason, with the bound behind it, and what else was found on rows."""
    from intake.ops_store import OpsStore
    from intake.reason_bounds import bound_of
    from orchestration.cli.console import say, show_table

    project = open_project()
    store = OpsStore(project.paths)
    counts, findings = store.quarantine_counts(source), store.findings(source)
    if not counts:
        say("nothing is quarantined")
    else:
        contracts = {name: _contract(project, name) for name, _ in counts}
        show_table(
            ("source", "reason", "bound", "rows"),
            [
                (name, reason, bound_of(reason, contracts[name], project.settings.intake), rows)
                for (name, reason), rows in counts.items()
            ],
        )
    if findings:
        show_table(("source", "finding", "rows"), [(*key, rows) for key, rows in findings.items()])


@quarantine.command("show")
def show(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The source, as in config/sources.")],
    reason: Reason = None,
    batch: Batch = None,
    contract: Contract = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Longest list to print.")] = 20,
) -> None:
    """Show quarantined rows, the latest files first, with everything that identifies a person hidden.

    Hidden are identifiers, personal and sensitive columns, and every column that the contract does not name; of a row
    that cannot be parsed only the shape is shown. There is no way to print them in clear: what they said stands in the
    source's own file.
    """
    from intake.ops_store import OpsStore
    from intake.ops_supersede import SUPERSEDED
    from intake.quarantine import open_rows
    from intake.reason_bounds import bound_of
    from orchestration.cli.console import say
    from orchestration.cli.masking import masked

    project = open_project()
    store = OpsStore(project.paths)
    chosen = [
        known
        for known in store.batches(source)
        if known.quarantined and (known.batch_id.startswith(batch) if batch else known.state != SUPERSEDED)
    ]
    rules = _contract(project, source, contract)
    intake = project.settings.intake
    rows = (
        (known, row)
        for known in reversed(chosen)
        for row in open_rows(project.paths, store, known)
        if row.reason.startswith(reason or "")
    )
    shown = 0
    for known, row in rows:
        if shown == limit:
            say(f"only the first {limit}; --limit shows more")
            return
        name, bound = f"{known.input_name} row {row.row_number}", bound_of(row.reason, rules, intake)
        why = f"{row.reason} ({bound})" if bound else row.reason
        say(f"{name} [{known.batch_id[:8]}]: {why}: {masked(row.original, rules)}")
        shown += 1
    if not shown:
        raise CommandError(f"{source}: nothing quarantined{f' with reason {reason}…' if reason else ''}")


@quarantine.command("replay")
def replay(
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only this source.")] = None,
    batch: Batch = None,
    reason: Reason = None,
    contract: Contract = None,
) -> None:
    """Read quarantined rows again under the contract of today, and land those that can be read now.

    They become events of their own batch and leave the quarantine; in the accounts of the file they came with they
    move from quarantined to accepted (or duplicate, or suppressed). Rows that are still bad stay. Days that get events
    are rebuilt by the next run. May be repeated and killed at any moment.
    """
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table

    project = open_project()
    known = [name for name, _ in OpsStore(project.paths).quarantine_counts()]
    sources = [source] if source else list(dict.fromkeys(known))
    if contract is not None and source is None:
        raise typer.BadParameter("name the source that --contract belongs to: --source NAME")
    reports = [report for name in sources for report in _replay(project, name, batch, reason, contract)]
    if not reports:
        say("nothing to replay")
        return
    show_table(
        REPLAY_COLUMNS,
        [
            (each.input_name, each.batch_id[:8], each.rows, each.accepted, each.duplicate, each.suppressed, each.kept,
             each.events)
            for each in reports
        ],
    )  # fmt: skip
    for report in reports:
        for name, rows in sorted(report.reasons.items()):
            say(f"{report.input_name}: {rows:,} still quarantined: {name}")


def _replay(
    project: Project, source: str, batch: str | None, reason: str | None, file: Path | None
) -> list[ReplayReport]:
    from intake.replay import replay as replay_rows

    contract = _contract(project, source, file)
    if contract is None:
        raise CommandError(
            f"{source}: no contract {project.sources / source}.yml; name it: --source {source} --contract FILE"
        )
    return replay_rows(project, contract, batch=batch, reason=reason)


def _contract(project: Project, source: str, file: Path | None = None) -> SourceContract | None:
    from intake.contract import load_contract

    if file is not None:
        contract = load_contract(file)
        if contract.name != source:
            raise CommandError(f"{file}: name: is {contract.name!r}, and the rows are of source {source!r}")
        return contract
    own = project.sources / f"{source}.yml"
    return load_contract(own) if own.exists() else None
