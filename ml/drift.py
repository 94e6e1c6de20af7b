"""Whether today's customers look like those a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import ks_2samp

from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]
BINS: Final = 10
# The usual reading of the index in credit scoring: below 0.10 nothing, above 0.25 another population.
MODERATE, SHIFTED = 0.10, 0.25
# An empty bin would make the index infinite; half a customer in 5,000 stands in for none.
LEAST_SHARE = 1e-4

REPORT_COLUMNS: Final = (
    "feature",
    "psi",
    "ks_statistic",
    "ks_p_value",
    "missing_reference",
    "missing_current",
    "level",
)


def population_stability_index(reference: npt.ArrayLike, current: npt.ArrayLike, bins: int = BINS) -> float:
    """Distance of two samples of one number: sum over bins of (c - r) · ln(c / r), never negative.

    Bins are quantiles of `reference`; missing values are a bin of their own, and so is what lies below the lowest value
    where a tenth of `reference` has that value. 0 where either side is empty.
    """
    before, now = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if len(before) == 0 or len(now) == 0:
        return 0.0
    known = before[np.isfinite(before)]
    inner = _edges(known, bins) if len(known) else np.zeros(0)
    shares = [np.maximum(_bin_shares(values, inner), LEAST_SHARE) for values in (before, now)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _edges(known: Floats, bins: int) -> Floats:
    """Inner quantiles; a fall from the lowest value, which many share, would else stay in their bin."""
    inner = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
    return inner if inner[0] > known.min() else np.append(np.nextafter(inner[0], -np.inf), inner)


def _bin_shares(values: Floats, inner: Floats) -> Floats:
    """Share a bin; the upper edge belongs to the bin, the last one holds what is missing."""
    bins = np.searchsorted(inner, values, side="left")
    bins[~np.isfinite(values)] = len(inner) + 1
    return np.asarray(np.bincount(bins, minlength=len(inner) + 2) / len(values), dtype=np.float64)


def drift_report(reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """One row a column, most shifted first: index, Kolmogorov-Smirnov test, missing shares and a level.

    Levels: `stable`, `moderate` (index from 0.10), `shifted` (from 0.25), `no data` where a side is empty.
    """
    before, now = numbers(reference, columns), numbers(current, columns)
    rows = [_row(name, before[:, index], now[:, index]) for index, name in enumerate(columns)]
    report = pd.DataFrame(rows, columns=list(REPORT_COLUMNS))
    return report.sort_values(["psi", "feature"], ascending=[False, True], ignore_index=True)


def _row(name: str, before: Floats, now: Floats) -> tuple[object, ...]:
    if len(before) == 0 or len(now) == 0:
        return (name, 0.0, 0.0, 1.0, 0.0, 0.0, "no data")
    psi = population_stability_index(before, now)
    known, seen = before[np.isfinite(before)], now[np.isfinite(now)]
    statistic, p_value = (0.0, 1.0)
    if len(known) and len(seen):
        test = ks_2samp(known, seen, method="asymp")
        statistic, p_value = float(test.statistic), float(test.pvalue)
    level = "shifted" if psi >= SHIFTED else "moderate" if psi >= MODERATE else "stable"
    return (name, psi, statistic, p_value, 1 - len(known) / len(before), 1 - len(seen) / len(now), level)


def shares_index(reference: Mapping[str, float], current: Mapping[str, float]) -> float:
    """Population stability index over named groups, from shares or counts; 0 where either side is empty."""
    names = sorted(reference.keys() | current.keys())
    sums = [sum(max(side.get(name, 0.0), 0.0) for name in names) for side in (reference, current)]
    if not names or min(sums) <= 0:
        return 0.0
    before, now = (
        np.maximum([max(side.get(name, 0.0), 0.0) / total for name in names], LEAST_SHARE)
        for side, total in zip((reference, current), sums, strict=True)
    )
    return float(np.sum((now - before) * np.log(now / before)))


def in_season(now: float, last_year: float | None) -> float:
    """Drift that the season does not explain: the smaller distance, where the same weeks of last year are known.

    A December that resembles the last one is no incident, however far it is from the summer that the models learned.
    """
    return now if last_year is None else min(now, last_year)
