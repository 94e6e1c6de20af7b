"""`concierge quarantine`: rows that did not fit, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.contract import SourceContract
    from intake.project import Project

quarantine = typer.Typer(help="Rows that did not fit: counts by reason, masked rows.", no_args_is_help=True)


@quarantine.command("list")
def list_reasons(
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only this source.")] = None,
) -> None:
    """Count the quarantined rows by source and reason."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table

    counts = OpsStore(open_project().paths).quarantine_counts(source)
    if not counts:
        say("nothing is quarantined")
        return
    show_table(("source", "reason", "rows"), [(*key, rows) for key, rows in counts.items()])


@quarantine.command("show")
def show(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The source, as in config/sources.")],
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Only reasons that start like this.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Longest list to print.")] = 20,
) -> None:
    """Show quarantined rows, the latest files first, with everything that identifies a person hidden."""
    from intake.ops_store import OpsStore
    from intake.quarantine import read_quarantine
    from orchestration.cli.console import say
    from orchestration.cli.masking import masked

    project = open_project()
    batches = [batch for batch in OpsStore(project.paths).batches(source) if batch.quarantined]
    contract = _contract(project, source)
    shown = 0
    for batch in reversed(batches):
        for row in read_quarantine(project.paths, source, batch.batch_id):
            if reason and not row.reason.startswith(reason):
                continue
            if shown == limit:
                say(f"only the first {limit}; --limit shows more")
                return
            say(f"{batch.input_name} row {row.row_number}: {row.reason}: {masked(row.original, contract)}")
            shown += 1
    if not shown:
        raise CommandError(f"{source}: nothing quarantined{f' with reason {reason}…' if reason else ''}")


def _contract(project: Project, source: str) -> SourceContract | None:
    from intake.contract import load_contract

    file = project.sources / f"{source}.yml"
    return load_contract(file) if file.exists() else None
