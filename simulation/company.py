"""A self-contained company for tests and trials: its shop's files, the digital layer over them, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from simulation.arrays import DAY_US
from simulation.company_catalogue import Catalogue, draw_catalogue
from simulation.company_households import draw_households, orders_per_day
from simulation.company_marketing import draw_marketing
from simulation.company_orders import draw_transactions
from simulation.digital_layer import draw_layer, write_landing, write_truth
from simulation.orders import index_orders
from simulation.report import SimulationReport, SourceReport, WrittenFile
from simulation.service.write import write_service
from simulation.writer import parameter_hash, write_once, write_parquet

SHOP_FOLDER = "shop"
CUSTOMERS = (50, 10_000_000)
DAYS = (30, 400)
FIRST_DAY = date(2017, 1, 1)
PART_CUSTOMERS = 5_000
"""So many are drawn at a time: memory does not grow with the company (0.7 GB with 200 days)."""

BASKETS_A_PART = 1_000_000_000
# One shop has one catalogue and one set of campaigns; the rest is a file a part.
SHARED_FRAMES = ("products", "campaign_descriptions", "coupons")


class Part(NamedTuple):
    """A slice of the households: its place, the households before it, how many, and what its files end with."""

    number: int
    before: int
    customers: int
    suffix: str

    def seed(self, seed: int) -> int:
        """Seed of the part; the first part's is the company's own."""
        return seed + 1_000_003 * self.number


def parts_of(customers: int) -> Iterator[Part]:
    """The company in slices of at most `PART_CUSTOMERS`."""
    for number, before in enumerate(range(0, customers, PART_CUSTOMERS)):
        yield Part(number, before, min(PART_CUSTOMERS, customers - before), f"-{number:04d}" if number else "")


def write_company(
    out: Path, truth: Path, customers: int, days: int, seed: int, start: date = FIRST_DAY, *, service: bool = False
) -> SimulationReport:
    """Write a company that the embedded set's own contracts read, unless it is there already.

    Args:
        out: landing folder; `out/shop` gets files named and shaped like Complete Journey's, `out/sim_*` the layer.
        truth: folder for the truth, outside the landing folder.
        customers: households, 50 to 10,000,000; memory does not grow with them.
        days: days of history from `start`, 30 to 400; there are orders on the first and on the last.
        seed: at least 0; the same parameters give the same bytes.
        start: first day, UTC.
        service: also deliveries, returns, reviews, tickets, surveys and weather, as the library's contracts read them.

    Raises:
        ValueError: a parameter is outside its bounds, or truth lies under the landing folder.
    """
    for name, value, (least, most) in (("customers", customers, CUSTOMERS), ("days", days, DAYS)):
        if not least <= value <= most:
            raise ValueError(f"{name}: {value} is outside {least} to {most}")
    if truth.resolve().is_relative_to(out.resolve()):
        raise ValueError(f"truth: {truth} lies under the landing folder {out}; the pipeline would read it")

    def write() -> tuple[int, int, tuple[SourceReport, ...]]:
        catalogue = draw_catalogue(customers, seed)
        spans, reports = [], list[SourceReport]()
        for part in parts_of(customers):
            span, written = _write_part(out, truth, part, catalogue, days, seed, start, service=service)
            spans.append(span)
            reports += written
        _join_truth(truth)
        return min(first for first, _ in spans), max(last for _, last in spans), _by_source(reports)

    kind = "company with service" if service else "company"
    return write_once(out, truth, parameter_hash(kind, customers, days, seed, start.isoformat()), write)


def _write_part(
    out: Path, truth: Path, part: Part, catalogue: Catalogue, days: int, seed: int, start: date, *, service: bool
) -> tuple[tuple[int, int], list[SourceReport]]:
    frames = _frames(part, catalogue, days, part.seed(seed), start)
    shop = _write_shop(frames, out, part)
    layer = draw_layer(index_orders(frames["transactions"], frames["products"]), part.seed(seed))
    write_truth(layer, truth, part.seed(seed), part.suffix)
    reports = [shop, *write_landing(layer, out, part.seed(seed), part.suffix)]
    if service:
        reports += write_service(layer.orders, layer.people, out, seed, part.suffix)
    return (layer.orders.start_us, layer.orders.end_us), reports


def company_frames(customers: int, days: int, seed: int, start: date = FIRST_DAY) -> dict[str, pd.DataFrame]:
    """The shop's files by name (without `.parquet`) of a company of one part, in Complete Journey's columns."""
    return _frames(Part(0, 0, customers, ""), draw_catalogue(customers, seed), days, seed, start)


def _frames(part: Part, catalogue: Catalogue, days: int, seed: int, start: date) -> dict[str, pd.DataFrame]:
    start_us = int(np.datetime64(start, "us").astype(np.int64)) // DAY_US * DAY_US
    households = draw_households(part.customers, days, seed)
    visits = orders_per_day(households, days, seed)
    frames = {
        "transactions": draw_transactions(households, visits, catalogue, start_us, seed),
        "products": catalogue.frame,
        **draw_marketing(households, catalogue, start_us, days, seed),
    }
    for frame in frames.values():
        if "household_id" in frame:
            frame["household_id"] += part.before
        if "basket_id" in frame:
            frame["basket_id"] += part.number * BASKETS_A_PART
    return frames


def _write_shop(frames: dict[str, pd.DataFrame], out: Path, part: Part) -> SourceReport:
    files = []
    for name, frame in frames.items():
        if part.number and name in SHARED_FRAMES:
            continue
        file = out / SHOP_FOLDER / f"{name}{part.suffix}.parquet"
        write_parquet(_plain(frame), file)
        files.append(WrittenFile(file.relative_to(out).as_posix(), len(frame), file.stat().st_size))
    return SourceReport(SHOP_FOLDER, tuple(files))


def _plain(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    plain = [pa.field(item.name, pa.string()) if item.type == pa.large_string() else item for item in table.schema]
    return table.cast(pa.schema(plain))


def _join_truth(truth: Path) -> None:
    """One file a truth, as for a company of one part; a part at a time."""
    for first in sorted(truth.glob("*.parquet")):
        parts = sorted(truth.glob(f"{first.stem}-[0-9][0-9][0-9][0-9].parquet"))
        if not parts:
            continue
        joined = first.with_name(f"{first.name}.partial")
        with pq.ParquetWriter(joined, pq.read_schema(first), compression="zstd") as writer:
            for file in (first, *parts):
                writer.write_table(pq.read_table(file))
        joined.replace(first)
        for file in parts:
            file.unlink()


def _by_source(reports: list[SourceReport]) -> tuple[SourceReport, ...]:
    files: dict[str, tuple[WrittenFile, ...]] = {}
    for report in reports:
        files[report.source] = files.get(report.source, ()) + report.files
    return tuple(SourceReport(source, found) for source, found in files.items())
