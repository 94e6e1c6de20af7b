"""`python -m simulation`: a small company with its digital layer, or the layer of the embedded data set."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from simulation.company import write_company
from simulation.embedded import DEFAULT_SEED, write_embedded_layer
from simulation.report import SimulationReport

app = typer.Typer(add_completion=False)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="folder that gets landing/ and truth/")],
    customers: Annotated[int, typer.Option(min=50, max=5_000, help="households of the small company")] = 500,
    days: Annotated[int, typer.Option(min=30, max=400, help="days of its history")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="same seed, same bytes")] = DEFAULT_SEED,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="its first day")] = datetime(2017, 1, 1),  # noqa: DTZ001
    embedded: Annotated[bool, typer.Option(help="lay the layer over Complete Journey instead")] = False,
) -> None:
    """Write a simulated company, or with --embedded the digital layer over Complete Journey of 84.51°."""
    if embedded:
        report = write_embedded_layer(out, seed)
    else:
        report = write_company(out / "landing", out / "truth", customers, days, seed, start.date())
    Console().print(_summary(report))


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
