"""Features against the rows that the models learned from, and against the same weeks of last year."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any, Final

import pandas as pd

from ml.drift import REPORT_COLUMNS, drift_report, in_season
from orchestration.catalogue import Signal, signals
from orchestration.drift.reading import FEATURE, Reading
from orchestration.training_rows import FAR
from orchestration.warehouse import Warehouse

# Features are compared a few at a time: a frame of all of them at eight cut-offs would not fit beside a run.
AT_A_TIME: Final = 8
SIDES: Final = {
    "before": f"marts.training_frame where {FAR}",
    "season": "marts.training_frame where role = 'season'",
    "now": "marts.customer_features",
}
HISTORY_SQL = f"""
    select date_diff('day', (select min(event_date) from marts.match_rate_daily), cast(min(as_of) as date))
    from marts.training_frame where {FAR}
"""
DELIVERED_SQL = """
    select event_type, source, count(*) from intermediate.int_events
    where event_date > (select max(event_date) from intermediate.int_events) - 91
    group by event_type, source order by count(*) desc, source
"""


def compared(warehouse: Warehouse, names: list[str]) -> pd.DataFrame:
    """The drift report of some features, most drifted first; empty before the first training frame.

    Columns: those of `drift_report` against the training rows, `season_psi` (null where no cut-off lies in the same
    weeks of last year) and `drift`, the part of the index that the season does not explain.
    """
    if not names or warehouse.count("marts.training_frame") == 0:
        return pd.DataFrame(columns=[*REPORT_COLUMNS, "season_psi", "drift"])
    parts = [_compared(warehouse, names[start : start + AT_A_TIME]) for start in range(0, len(names), AT_A_TIME)]
    report = pd.concat(parts, ignore_index=True)
    return report.sort_values(["drift", "feature"], ascending=[False, True], ignore_index=True)


def _compared(warehouse: Warehouse, names: list[str]) -> pd.DataFrame:
    columns = ", ".join(f'"{name}"' for name in names)
    before, season, now = (warehouse.frame(f"select {columns} from {table}") for table in SIDES.values())
    report = drift_report(before, now, names)
    last_year = drift_report(season, now, names).set_index("feature")["psi"] if len(season) else pd.Series(dtype=float)
    report["season_psi"] = report["feature"].map(last_year).astype("float64")
    report["drift"] = [
        in_season(psi, None if pd.isna(other) else float(other))
        for psi, other in zip(report["psi"], report["season_psi"], strict=True)
    ]
    return report


def feature_readings(warehouse: Warehouse, report: pd.DataFrame) -> list[Reading]:
    """A reading a feature; features whose window is longer than the history grow by themselves and are not watched."""
    if report.empty:
        return []
    history = warehouse.rows(HISTORY_SQL)[0][0]
    known = {signal.name: signal for signal in signals()}
    delivered = _delivered(warehouse)
    return [
        Reading(
            FEATURE,
            str(row["feature"]),
            float(row["drift"]),
            _told(row, known.get(str(row["feature"])), delivered),
            _settles(known.get(str(row["feature"])), int(str(history or 0))),
        )
        for row in report.to_dict("records")
    ]


def _settles(signal: Signal | None, history_days: int) -> bool:
    """Whether a feature's window was full at the first cut-off: a window of everything never is."""
    if signal is None:
        return True
    days = [int(number) for number in re.findall(r"\d+", signal.window)]
    return bool(days) and max(days) <= history_days


def _told(row: Mapping[Hashable, Any], signal: Signal | None, delivered: Mapping[str, list[str]]) -> str:
    """Feature, figures, and the sources behind it."""
    season = row["season_psi"]
    last_year = "" if season is None or pd.isna(season) else f", {season:.2f} from the same weeks of last year"
    figures = f"index {row['psi']:.2f}{last_year}; KS {row['ks_statistic']:.2f}"
    return f"{row['feature']} ({figures}; {behind(signal, delivered)})"


def behind(signal: Signal | None, delivered: Mapping[str, list[str]]) -> str:
    """The events that make a feature, and the sources that sent them lately."""
    if signal is None:
        return "not in the catalogue"
    words = set(re.findall(r"[a-z_]+", signal.source.lower().replace("-", "")))
    types = [name for name in delivered if name in words or ("email" in words and name.startswith("email_"))]
    sources = dict.fromkeys(source for name in (types or delivered) for source in delivered[name])
    return f"from {signal.source}, sent by {', '.join(sources) or 'no source lately'}"


def _delivered(warehouse: Warehouse) -> dict[str, list[str]]:
    """Sources of each event type in the last 13 weeks, the busiest first."""
    found: dict[str, list[str]] = {}
    for event_type, source, _ in warehouse.rows(DELIVERED_SQL):
        found.setdefault(str(event_type), []).append(str(source))
    return found
