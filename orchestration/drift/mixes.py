"""Traffic by source, match rate by source, and customers by segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import pandas as pd

from intake.ops_records import Metric
from ml.drift import in_season, shares_index
from orchestration.drift.reading import MATCH, SEGMENT, TRAFFIC, Reading

# A week balances weekdays; eight before it are what is usual. 52 weeks back lies the same weekday of the same season.
WEEK, USUAL_WEEKS, YEAR_DAYS = 7, 8, 364
# Within so many days of a year ago a day counts as the same season.
SEASON_DAYS: Final = 10
# A source with less in a week has a match rate of chance.
LEAST_EVENTS: Final = 100
SHARE: Final = "segment_share"


def traffic_readings(rates: pd.DataFrame, today: date) -> list[Reading]:
    """How far the last week's mix of sources is from the eight weeks before, or from the same week of last year.

    Args:
        rates: source, event_date (date), events, matched; a row a source and day.
        today: the day of the run; the week ends before it.
    """
    now, usual, last_year = _weeks(rates, today, "events")
    if not now or not usual:
        return []
    index = shares_index(usual, now)
    value = in_season(index, shares_index(last_year, now) if last_year else None)
    moved = sorted(now.keys() | usual.keys(), key=lambda name: -abs(_share(now, name) - _share(usual, name)))
    told = "; ".join(f"{name} {_share(usual, name):.1%} to {_share(now, name):.1%} of events" for name in moved[:5])
    return [Reading(TRAFFIC, "events", value, told)]


def match_readings(rates: pd.DataFrame, today: date) -> list[Reading]:
    """By source the match rate lost within a week, against the eight weeks before or the same week of last year."""
    events, matched = (_weeks(rates, today, name) for name in ("events", "matched"))
    found = []
    for source in sorted(events[0]):
        if min(events[0][source], events[1].get(source, 0.0)) < LEAST_EVENTS:
            continue
        now, usual = (matched[side].get(source, 0.0) / events[side][source] for side in (0, 1))
        seen = events[2].get(source, 0.0) >= LEAST_EVENTS
        last_year = matched[2].get(source, 0.0) / events[2][source] - now if seen else None
        told = f"{source}: {usual:.1%} of events found their person in the eight weeks before, {now:.1%} now"
        found.append(Reading(MATCH, source, in_season(max(usual - now, 0.0), last_year), told))
    return found


def segment_readings(
    shares: Mapping[str, float], kept: Sequence[Metric], today: date, fitted: date | None
) -> list[Reading]:
    """How far the sizes of segments are from those of the model's first days, or of the same weeks of last year.

    Args:
        shares: customers by segment today.
        kept: what earlier days wrote under `SHARE`.
        today: the day of the run.
        fitted: the day of the segment model in use; None: there is none.
    """
    by_day: dict[date, dict[str, float]] = {}
    for item in kept:
        by_day.setdefault(item.metric_date, {})[item.dimension] = item.value
    since = sorted(day for day in by_day if fitted is not None and fitted <= day < today)
    if not shares or not since:
        return []
    first = by_day[since[0]]
    past = [day for day in by_day if abs((today - day).days - YEAR_DAYS) <= SEASON_DAYS]
    nearest = min(past, key=lambda day: abs((today - day).days - YEAR_DAYS), default=None)
    value = in_season(shares_index(first, shares), shares_index(by_day[nearest], shares) if nearest else None)
    moved = sorted(shares, key=lambda name: -abs(_share(shares, name) - _share(first, name)))
    told = "; ".join(f"{name} {_share(first, name):.1%} to {_share(shares, name):.1%}" for name in moved[:5])
    return [Reading(SEGMENT, "segments", value, f"since {since[0]}: {told}")]


def _weeks(
    rates: pd.DataFrame, today: date, column: str
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Sums by source of the last week, the eight before it, and the same week of last year (± ten days around it)."""
    start = today - timedelta(days=WEEK)
    past = today - timedelta(days=YEAR_DAYS)
    spans = (
        (start, today),
        (start - timedelta(weeks=USUAL_WEEKS), start),
        (past - timedelta(days=WEEK + SEASON_DAYS), past + timedelta(days=SEASON_DAYS)),
    )
    found = []
    for first, end in spans:
        rows = rates.loc[(rates["event_date"] >= first) & (rates["event_date"] < end)]
        sums = rows.groupby("source")[column].sum()
        found.append({str(source): float(value) for source, value in sums.items()})
    return found[0], found[1], found[2]


def _share(counts: Mapping[str, float], name: str) -> float:
    total = sum(counts.values())
    return counts.get(name, 0.0) / total if total else 0.0
