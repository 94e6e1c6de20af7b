"""A small self-contained company for tests: its shop's files and the digital layer over them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from simulation.arrays import DAY_US
from simulation.company_catalogue import draw_catalogue
from simulation.company_households import draw_households, orders_per_day
from simulation.company_marketing import draw_marketing
from simulation.company_orders import draw_transactions
from simulation.digital_layer import draw_layer, write_landing, write_truth
from simulation.orders import index_orders
from simulation.report import SimulationReport, SourceReport, WrittenFile
from simulation.writer import parameter_hash, write_once, write_parquet

SHOP_FOLDER = "shop"
CUSTOMERS = (50, 5_000)
DAYS = (30, 400)
FIRST_DAY = date(2017, 1, 1)


def write_company(
    out: Path, truth: Path, customers: int, days: int, seed: int, start: date = FIRST_DAY
) -> SimulationReport:
    """Write a company that the embedded set's own contracts read, unless it is there already.

    Args:
        out: landing folder; `out/shop` gets files named and shaped like Complete Journey's, `out/sim_*` the layer.
        truth: folder for the truth, outside the landing folder.
        customers: households, 50 to 5,000.
        days: days of history from `start`, 30 to 400; there are orders on the first and on the last.
        seed: at least 0; the same parameters give the same bytes.
        start: first day, UTC.

    Raises:
        ValueError: a parameter is outside its bounds, or truth lies under the landing folder.
    """
    for name, value, (least, most) in (("customers", customers, CUSTOMERS), ("days", days, DAYS)):
        if not least <= value <= most:
            raise ValueError(f"{name}: {value} is outside {least} to {most}")
    if truth.resolve().is_relative_to(out.resolve()):
        raise ValueError(f"truth: {truth} lies under the landing folder {out}; the pipeline would read it")

    def write() -> tuple[int, int, tuple[SourceReport, ...]]:
        frames = company_frames(customers, days, seed, start)
        shop = _write_shop(frames, out)
        layer = draw_layer(index_orders(frames["transactions"], frames["products"]), seed)
        write_truth(layer, truth, seed)
        return layer.orders.start_us, layer.orders.end_us, (shop, *write_landing(layer, out, seed))

    return write_once(out, truth, parameter_hash("company", customers, days, seed, start.isoformat()), write)


def company_frames(customers: int, days: int, seed: int, start: date = FIRST_DAY) -> dict[str, pd.DataFrame]:
    """The shop's files by name (without `.parquet`), in Complete Journey's columns and types."""
    start_us = int(np.datetime64(start, "us").astype(np.int64)) // DAY_US * DAY_US
    households, catalogue = draw_households(customers, days, seed), draw_catalogue(customers, seed)
    visits = orders_per_day(households, days, seed)
    return {
        "transactions": draw_transactions(households, visits, catalogue, start_us, seed),
        "products": catalogue.frame,
        **draw_marketing(households, catalogue, start_us, days, seed),
    }


def _write_shop(frames: dict[str, pd.DataFrame], out: Path) -> SourceReport:
    files = []
    for name, frame in frames.items():
        file = out / SHOP_FOLDER / f"{name}.parquet"
        write_parquet(_plain(frame), file)
        files.append(WrittenFile(file.relative_to(out).as_posix(), len(frame), file.stat().st_size))
    return SourceReport(SHOP_FOLDER, tuple(files))


def _plain(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    plain = [pa.field(item.name, pa.string()) if item.type == pa.large_string() else item for item in table.schema]
    return table.cast(pa.schema(plain))
