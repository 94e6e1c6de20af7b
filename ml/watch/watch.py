"""All of the watch over one set of measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from ml.watch.bounds import Bounds
from ml.watch.hours import clock_oddities
from ml.watch.oddity import HOURS, Oddity, causes
from ml.watch.share import LEAST_BAD, ShareMeasure, share_oddities
from ml.watch.spread import KINDS, spread_oddities
from ml.watch.volume import volume_oddities

LONGEST_LAG_HOURS = 168.0
REFERRED = ("order_completed", "product_updated")
SHARE_MEASURES: Mapping[str, ShareMeasure] = {
    "copies": ShareMeasure("duplicates", "repeated rows, as when a file comes twice"),
    "refunds_without_order": ShareMeasure("orphans", "refunds name an order that never came"),
    "lines_without_product": ShareMeasure("orphans", "order lines name a product that no catalogue has"),
    "orders_without_lines": ShareMeasure("orphans", "orders came without their lines"),
}


@dataclass(frozen=True)
class Measures:
    """What the watch looks at, aggregated in SQL.

    Attributes:
        days: one row a source and event_date: source, event_date, events, lag_hours (from the day's end until nine
            tenths of its rows had arrived; 0 where they came before).
        spreads: source, event_date, dimension (`event_type`, `category`, `amount`, `hour`), value (text), events.
        shares: source, event_date, measure (`copies`, `refunds_without_order`, …, or `empty:TYPE:COLUMN`), bad, total.
    """

    days: pd.DataFrame
    spreads: pd.DataFrame
    shares: pd.DataFrame


def complete_days(days: pd.DataFrame, now: datetime, *, within: int) -> dict[str, set[date]]:
    """By source, the last `within` days that are over and whose rows should have arrived, judged by its own lag."""
    found: dict[str, set[date]] = {}
    for source, rows in days.groupby("source"):
        lag = min(float(rows["lag_hours"].quantile(0.9)), LONGEST_LAG_HOURS)
        until = (now - timedelta(hours=lag)).date()
        found[str(source)] = {until - timedelta(days=back) for back in range(1, within + 1)}
    return found


def watch(
    measures: Measures, judged: Mapping[str, set[date]], bounds: Bounds, also: Sequence[Oddity] = ()
) -> list[Oddity]:
    """One finding a cause, source and day, in order of day, source and kind.

    Args:
        measures: the aggregates.
        judged: by source, the days that may be reported (`complete_days`).
        bounds: thresholds.
        also: findings from elsewhere (sources that went quiet).
    """
    found: list[Oddity] = []
    for source, days in judged.items():
        if days:
            found += _of_source(measures, source, days, bounds)
    found = merged([*found, *also])
    types = measures.spreads[measures.spreads["value"].isin(REFERRED)]
    referred = set(types[types["dimension"] == "event_type"]["source"])
    return causes([one for one in found if not bounds.ignores(one.source, one.kind)], referred)


def _of_source(measures: Measures, source: str, days: set[date], bounds: Bounds) -> list[Oddity]:
    spreads = measures.spreads[measures.spreads["source"] == source]
    shares = measures.shares[measures.shares["source"] == source]
    daily = measures.days[measures.days["source"] == source]
    found = volume_oddities(daily, source, days, bounds, max(days))
    found += clock_oddities(spreads[spreads["dimension"] == "hour"], source, days, bounds)
    for dimension in KINDS:
        found += spread_oddities(spreads[spreads["dimension"] == dimension], source, dimension, days, bounds)
    for name, rows in _suspicious(shares, days, bounds).groupby("measure"):
        found += share_oddities(rows, source, measure_of(str(name)), days, bounds)
    return found


def _suspicious(shares: pd.DataFrame, days: set[date], bounds: Bounds) -> pd.DataFrame:
    """The rows of measures that could rise beyond their bound at all: most fields are never or always empty."""
    known = shares.assign(share=shares["bad"] / shares["total"].clip(lower=1))
    judged = known[known["event_date"].isin(days) & (known["bad"] >= LEAST_BAD)]
    highest, lowest = judged.groupby("measure")["share"].max(), known.groupby("measure")["share"].min()
    rising = highest - lowest.reindex(highest.index)
    return shares[shares["measure"].isin(rising[rising >= bounds.share_change].index)]


def measure_of(name: str) -> ShareMeasure:
    """How to speak of a measure; `empty:order_completed:amount` is the empty fields of one event type."""
    if name in SHARE_MEASURES:
        return SHARE_MEASURES[name]
    _, event_type, column = name.split(":", 2)
    said = "no identifier" if column == "identifiers" else f"{column} empty"
    return ShareMeasure("nulls", f"{said} in {event_type}")


def merged(found: list[Oddity]) -> list[Oddity]:
    """One finding a source, day and kind: several empty columns are one cause, the worst first."""
    first: dict[tuple[str, date, str], Oddity] = {}
    for one in sorted(found, key=_rank):
        key = (one.source, one.day, one.kind)
        first[key] = first[key].explaining((one,)) if key in first else one
    return list(first.values())


def _rank(one: Oddity) -> tuple[bool, float]:
    # Counted days say more than hours without a row.
    return one.measure == HOURS, one.high - one.observed
