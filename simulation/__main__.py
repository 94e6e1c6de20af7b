"""`python -m simulation`: a small company with its digital layer, or the layer of the embedded data set."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from simulation.company import CUSTOMERS, write_company
from simulation.embedded import DEFAULT_SEED, write_embedded_layer
from simulation.identity.company import DAYS, PEOPLE
from simulation.identity.write import read_ceiling, write_identity_company
from simulation.report import SimulationReport

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def simulate(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="folder that gets landing/ and truth/")] = None,
    customers: Annotated[int, typer.Option(min=CUSTOMERS[0], max=CUSTOMERS[1], help="households of the company")] = 500,
    days: Annotated[int, typer.Option(min=30, max=400, help="days of its history")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="same seed, same bytes")] = DEFAULT_SEED,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="its first day")] = datetime(2017, 1, 1),  # noqa: DTZ001
    service: Annotated[bool, typer.Option(help="deliveries, returns, reviews, tickets, surveys, weather")] = True,
    embedded: Annotated[bool, typer.Option(help="lay the layer over Complete Journey instead")] = False,
) -> None:
    """Write a simulated company, or with --embedded the digital layer over Complete Journey of 84.51°."""
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise typer.BadParameter("the folder is missing", param_hint="--out")
    if embedded:
        report = write_embedded_layer(out, seed)
    else:
        report = write_company(out / "landing", out / "truth", customers, days, seed, start.date(), service=service)
    Console().print(_summary(report))


@app.command()
def identity(
    out: Annotated[Path, typer.Option(help="landing folder; sources/ beside it gets the contracts")],
    truth: Annotated[Path, typer.Option(help="folder of the truth, outside the landing folder")],
    people: Annotated[int, typer.Option(min=PEOPLE[0], max=PEOPLE[1], help="customers")] = 12_000,
    days: Annotated[int, typer.Option(min=DAYS[0], max=DAYS[1], help="days of history")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="same seed, same bytes")] = DEFAULT_SEED,
) -> None:
    """Write a company full of identity hard cases, with the truth and what a perfect reader could reach."""
    report = write_identity_company(out, truth, people, days, seed)
    best = read_ceiling(truth)
    Console().print(_summary(report))
    Console().print(f"within reach: pairwise F1 {best.pairwise_f1:.4f}, B-cubed F1 {best.bcubed_f1:.4f}")


def _summary(report: SimulationReport) -> Table:
    table = Table(title=f"{report.state}: {report.landing} ({report.start_date} to {report.end_date})")
    table.add_column("source")
    for name in ("files", "rows"):
        table.add_column(name, justify="right")
    for source in report.sources:
        table.add_row(source.source, str(len(source.files)), f"{source.rows:,}")
    return table


if __name__ == "__main__":
    app()
