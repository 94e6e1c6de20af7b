"""Writes the company: landing files, contracts beside them, the truth apart."""

from __future__ import annotations

import gzip
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.csv as pa_csv

from simulation.identity.ceiling import Ceiling, ceiling_of
from simulation.identity.clicks import ClickStream, click_lines, draw_clicks
from simulation.identity.company import FIRST_DAY, Company, draw_company
from simulation.identity.contracts import FILES, write_contracts
from simulation.identity.customer_file import customer_rows
from simulation.identity.devices import Devices, draw_devices
from simulation.identity.guest_orders import guest_rows
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.sightings import Sightings
from simulation.identity.till import till_rows
from simulation.identity.truth import write_truth
from simulation.identity.visits import draw_visits
from simulation.report import SimulationReport, SourceReport, WrittenFile
from simulation.writer import parameter_hash, write_once, write_parquet

CEILING_FILE = "ceiling.json"
CONTRACT_FOLDER = "sources"
_LINES_AT_ONCE = 250_000


@dataclass(frozen=True)
class Drawn:
    """Everything drawn, with the files' rows in memory; web lines are rendered while they are written."""

    company: Company
    devices: Devices
    tables: dict[str, pa.Table]
    clicks: ClickStream
    sightings: list[Sightings]


def write_identity_company(
    out: Path,
    truth: Path,
    people: int,
    days: int,
    seed: int,
    knobs: IdentityKnobs | None = None,
    start: date = FIRST_DAY,
) -> SimulationReport:
    """Write the company unless it is there already; the same parameters give the same bytes.

    Args:
        out: landing folder; the contracts go to `sources/` beside it.
        truth: folder for the truth and the oracle's ceiling, outside the landing folder.
        people: 100 to 1,000,000.
        days: 7 to 730, from the midnight (UTC) of `start`.
        knobs: how often each hard case occurs; defaults without.

    Raises:
        ValueError: a number is outside its bounds, or truth lies under the landing folder.
    """
    chosen = knobs or IdentityKnobs()
    if truth.resolve().is_relative_to(out.resolve()):
        raise ValueError(f"truth: {truth} lies under the landing folder {out}; the pipeline would read it")

    def write() -> tuple[int, int, tuple[SourceReport, ...]]:
        drawn = draw_everything(draw_company(people, days, seed, chosen, start))
        sources = _write_landing(drawn, out)
        write_truth(drawn.company, drawn.devices, drawn.clicks, drawn.sightings, truth)
        ceiling = ceiling_of(drawn.company, drawn.sightings)
        (truth / CEILING_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(ceiling.as_dict()), indent=1))
        return drawn.company.period.start_us, drawn.company.period.end_us, sources

    report = write_once(out, truth, parameter_hash("identity", people, days, seed, start, asdict(chosen)), write)
    write_contracts(out.parent / CONTRACT_FOLDER, out)
    return report


def draw_everything(company: Company) -> Drawn:
    """Draw all sources of a company. Nothing is written."""
    customers, customer_sightings = customer_rows(company)
    receipts, receipt_sightings = till_rows(company)
    orders, order_sightings = guest_rows(company)
    devices = draw_devices(company)
    clicks = draw_clicks(company, devices, draw_visits(company, devices, order_sightings))
    return Drawn(
        company=company,
        devices=devices,
        tables={"shop_crm": customers, "shop_pos": receipts, "shop_guest_orders": orders},
        clicks=clicks,
        sightings=[customer_sightings, receipt_sightings, order_sightings, clicks.seen],
    )


def read_ceiling(truth: Path) -> Ceiling:
    """What a perfect reader could reach, as written beside the truth.

    Raises:
        FileNotFoundError: no company's truth is there.
    """
    return msgspec.json.decode((truth / CEILING_FILE).read_bytes(), type=Ceiling)


def _write_landing(drawn: Drawn, out: Path) -> tuple[SourceReport, ...]:
    out.mkdir(parents=True, exist_ok=True)
    reports = []
    for source, table in drawn.tables.items():
        file = out / FILES[source]
        if file.suffix == ".parquet":
            write_parquet(table, file)
        else:
            _write_csv(table, file)
        reports.append(_report(source, file, table.num_rows))
    web = out / FILES["shop_web"]
    _write_lines(drawn.clicks, web)
    return (*reports, _report("shop_web", web, len(drawn.clicks.visit)))


def _write_csv(table: pa.Table, file: Path) -> None:
    partial = file.with_name(f"{file.name}.partial")
    pa_csv.write_csv(table, partial)
    partial.replace(file)


def _write_lines(clicks: ClickStream, file: Path) -> None:
    partial = file.with_name(f"{file.name}.partial")
    # Without name and time in the header the same lines give the same bytes.
    with partial.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
        for first in range(0, len(clicks.visit), _LINES_AT_ONCE):
            lines = click_lines(clicks, first, min(first + _LINES_AT_ONCE, len(clicks.visit)))
            packed.write("".join(lines.to_pylist()).encode())
    partial.replace(file)


def _report(source: str, file: Path, rows: int) -> SourceReport:
    return SourceReport(source, (WrittenFile(file.name, rows, file.stat().st_size),))
