"""A small shop's staged events, drawn with a seed, and faults to plant into them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from intake.ops_records import LakeFile
from orchestration.warehouse import Warehouse

FIRST, DAYS = date(2017, 1, 2), 84
# The month that is watched: the last 30 days.
MONTH = [FIRST + timedelta(days=DAYS - 30 + number) for number in range(30)]
WEEKDAY = np.array([1.0, 0.9, 0.95, 1.1, 1.3, 1.6, 0.7])
HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 6, 8, 10, 11, 12, 14, 12, 10, 11, 13, 16, 20, 22, 18, 10, 5, 2], dtype=float)
TYPES = {"page_viewed": 0.4, "product_viewed": 0.35, "searched": 0.15, "cart_added": 0.1}
CATEGORIES = ["dairy", "bakery", "fruit", "meat", "wine"]
Rows = dict[str, object]
Plant = Callable[[pd.DataFrame], pd.DataFrame]


def events(seed: int = 7) -> pd.DataFrame:
    """84 days of a web shop, a till, refunds, a weekly catalogue and a newsletter; one row an event copy."""
    rng = np.random.default_rng(seed)
    parts = [part for number in range(DAYS) for part in _day(rng, FIRST + timedelta(days=number), number)]
    frame = pd.concat(parts, ignore_index=True)
    columns = ("session_id", "unit_price", "quantity", "currency", "campaign", "page_url", "store_id", "device_type")
    for name in (*columns, "country", "query", "category", "product_id", "order_id", "amount"):
        if name not in frame:
            frame[name] = None
    frame["event_id"] = [f"e{number}" for number in range(len(frame))]
    return frame


def _day(rng: np.random.Generator, day: date, number: int) -> list[pd.DataFrame]:
    level = WEEKDAY[day.weekday()] * (1 + 0.004 * number)  # the season rises
    web = _base(rng, "web", day, rng.poisson(240 * level))
    web["event_type"] = rng.choice(list(TYPES), len(web), p=list(TYPES.values()))
    web["product_id"] = np.where(web["event_type"] == "searched", None, _products(rng, len(web)))
    web["session_id"] = "s"
    till = _base(rng, "till", day, rng.poisson(90 * level)).assign(event_type="order_completed")
    till["amount"] = np.exp(rng.normal(3.5, 0.6, len(till))).round(2)
    till["order_id"] = [f"o{day}-{place}" for place in range(len(till))]
    till["category"] = rng.choice(CATEGORIES, len(till), p=[0.4, 0.25, 0.2, 0.1, 0.05])
    back = till.sample(min(len(till), rng.poisson(30)), random_state=number).assign(source="returns")
    parts = [web, till, back.assign(event_type="order_refunded", category=None)]
    if day.weekday() == 0:
        parts.append(_base(rng, "catalogue", day, 60).assign(event_type="product_updated"))
        parts[-1]["product_id"] = [f"p{place}" for place in range(60)]
    if day.weekday() == 3:
        parts.append(_base(rng, "newsletter", day, 200).assign(event_type="email_sent", campaign="c"))
    return parts


def _products(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.array([f"p{number}" for number in rng.integers(60, size=count)], dtype=object)


def _base(rng: np.random.Generator, source: str, day: date, count: int) -> pd.DataFrame:
    hours = rng.choice(24, count, p=HOURS / HOURS.sum())
    start = pd.Timestamp(day)
    at = start + pd.to_timedelta(hours * 3600 + rng.integers(3600, size=count), unit="s")
    return pd.DataFrame({"source": source, "occurred_at": at, "received_at": at + pd.Timedelta(seconds=2)})


def on(frame: pd.DataFrame, source: str, day: date) -> pd.Series:
    """Which rows are of that source and day."""
    return (frame["source"] == source) & (frame["occurred_at"].dt.date == day)


def store(warehouse: Warehouse, frame: pd.DataFrame) -> None:
    """Write the rows as `staging.stg_events`, `intermediate.int_events` (each id once) and `int_order_lines`."""
    rows = frame.assign(event_date=frame["occurred_at"].dt.date)
    lines = rows[rows["event_type"].isin(["order_completed", "order_refunded"])][["event_id", "event_date", "order_id"]]
    lines = lines.assign(product_id=[f"p{number % 60}" for number in range(len(lines))])
    with warehouse.connect() as connection:
        for schema in ("staging", "intermediate"):
            connection.execute(f"create schema if not exists {schema}").fetchall()
        connection.register("rows", rows)
        connection.register("lines", lines)
        types = "cast(event_date as date) as event_date, cast(amount as double) as amount"
        people = "case when source in ('web', 'till') then [{'type': 'login', 'value': 'x'}] end as identifiers"
        shape = f"* replace ({types}, cast(unit_price as double) as unit_price), {people}, false as is_bot"
        connection.execute(f"create or replace table staging.stg_events as select {shape} from rows").fetchall()
        connection.execute(
            "create or replace table intermediate.int_events as select * from staging.stg_events"
            " qualify row_number() over (partition by event_id order by received_at) = 1"
        ).fetchall()
        connection.execute(
            "create or replace table intermediate.int_order_lines as"
            " select * replace (cast(event_date as date) as event_date) from lines"
        ).fetchall()


def lake_files(frame: pd.DataFrame) -> list[LakeFile]:
    """One file a source and day, as the lake lists them."""
    files = []
    arrivals = frame.groupby(["source", frame["occurred_at"].dt.date])["received_at"].agg(["count", "min", "max"])
    for (source, day), rows, first, last in arrivals.itertuples(name=None):
        arrived = [moment.to_pydatetime().replace(tzinfo=UTC) for moment in (first, last)]
        files.append(LakeFile(f"{source}/{day}", source, day, "b", rows, *arrived, loaded_at=arrived[1]))
    return files


def morning_after(day: date) -> datetime:
    """Half past two on the day after, when the daily run judges the day."""
    return datetime(day.year, day.month, day.day, 2, 30, tzinfo=UTC) + timedelta(days=1)


def warehouse_in(folder: Path) -> Warehouse:
    """An empty warehouse file."""
    return Warehouse(folder / "warehouse.duckdb")
