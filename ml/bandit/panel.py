"""One experiment's history by block of hours and unit, weighted for what can have arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.bandit.layout import Layout
from ml.bandit.rows import SQUARES, Rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Long enough for counts that tell something, short enough that a change is not blurred by what was just before it.
BLOCK_HOURS = 6
# Standard deviations from the middle at which an hour's money stops counting: one order of a million is a mistake
# or an accident, and of orders spread like a lognormal with sigma 1 one in a thousand is cut.
FARTHEST = 25.0
MONEY = ("revenue_micros", "margin_micros", "ltv_change_micros")


@dataclass(frozen=True)
class Panel:
    """Sums by block of `BLOCK_HOURS` hours (0 is the youngest; they begin at 0, 6, 12 and 18 UTC) and unit.

    Attributes:
        units: the grid.
        sums: of each measure, shape (B, U); `arrived` is exposures times the share of conversions due by now, `valued`
            those that are old enough for a change in lifetime value, which counts of them alone.
        row_variance: variance of one conversion's revenue and one exposure's lifetime value, from hour to hour.
    """

    units: Layout
    sums: dict[str, Floats]
    row_variance: dict[str, float]

    @property
    def blocks(self) -> int:
        """How many blocks back it goes."""
        return len(self.sums["exposures"])

    def total(self, name: str, keep: Floats) -> Floats:
        """A measure over all blocks, each weighted by `keep` (B, U); shape (U,)."""
        return np.asarray((self.sums[name] * keep).sum(axis=0), dtype=np.float64)


def panel(rows: Rows, units: Layout, arrived: Floats, history_hours: int, value_hours: int = 0) -> Panel:
    """Add up the rows of one experiment.

    Args:
        arrived: share of conversions due, by age in hours; older than its end is 1.
        value_hours: age from which the change in lifetime value is known.
    """
    young = rows.age < history_hours
    unit, block = _unit_of(rows, units)[young], _blocks(rows.age[young], rows.newest)
    measures = {name: values[young] for name, values in rows.measures.items()}
    shares = np.append(arrived, 1.0)[np.minimum(rows.age[young], arrived.size)]
    measures["arrived"] = measures["exposures"] * shares
    is_valued = rows.age[young] >= value_hours
    measures["valued"] = measures["exposures"] * is_valued
    measures["ltv_change_micros"] = measures["ltv_change_micros"] * is_valued
    measures = _trimmed(measures)
    blocks, width = int(block.max(initial=0)) + 1, len(units.cells) * len(units.arms)
    place = block * width + unit
    sums = {
        name: np.bincount(place, weights=values, minlength=blocks * width).reshape(blocks, width).astype(np.float64)
        for name, values in measures.items()
    }
    variances = {
        "revenue_micros": _between_rows(measures["revenue_micros"], measures["conversions"]),
        "ltv_change_micros": _between_rows(measures["ltv_change_micros"], measures["valued"]),
    }
    return Panel(units, sums, variances)


def exposures_by_age(rows: Rows, history_hours: int) -> Floats:
    """Exposures of each hour of age, shape (oldest + 1,)."""
    young = rows.age < history_hours
    return np.bincount(rows.age[young], weights=rows.measures["exposures"][young]).astype(np.float64)


def _blocks(age: Ints, newest: int) -> Ints:
    return newest // BLOCK_HOURS - (newest - age) // BLOCK_HOURS


def _unit_of(rows: Rows, units: Layout) -> Ints:
    cells = np.array([units.cells.index(cell) for cell in rows.cells], dtype=np.int64)
    arms = np.array([units.arms.index(arm) for arm in rows.arms], dtype=np.int64)
    return np.asarray(cells[rows.cell] * len(units.arms) + arms[rows.arm], dtype=np.int64)


def _trimmed(measures: Mapping[str, Floats]) -> dict[str, Floats]:
    """Hours whose money is absurd are cut to the farthest that is believed; squares go with their margin."""
    cut = dict(measures)
    for name in MONEY:
        by = measures["valued" if name == "ltv_change_micros" else "conversions"]
        cut[name] = _within(measures[name], by)
    changed = cut["margin_micros"] != measures["margin_micros"]
    least = np.divide(
        cut["margin_micros"] ** 2,
        measures["conversions"],
        out=np.zeros(changed.size),
        where=measures["conversions"] > 0,
    )
    cut[SQUARES] = np.where(changed, np.minimum(least, measures[SQUARES]), measures[SQUARES])
    return cut


def _within(totals: Floats, counts: Floats) -> Floats:
    """Each row's total within `FARTHEST` robust deviations of what its count makes usual."""
    seen = counts > 0
    if not seen.any():
        return totals
    middle = float(np.median(totals[seen] / counts[seen]))
    off = (totals[seen] - counts[seen] * middle) / np.sqrt(counts[seen])
    deviation = 1.4826 * float(np.median(np.abs(off)))
    if seen.sum() < 20 or deviation <= 0:
        # Too few rows, or too equal ones, to tell a spread from: as wide as the amounts themselves.
        deviation = max(deviation, abs(middle))
    if deviation <= 0:
        return totals
    reach = FARTHEST * deviation * np.sqrt(np.maximum(counts, 1.0))
    return np.asarray(np.clip(totals, counts * middle - reach, counts * middle + reach), dtype=np.float64)


def _between_rows(totals: Floats, counts: Floats) -> float:
    """Variance of one amount, from how much the means of rows differ."""
    seen = counts > 0
    if seen.sum() < 2:
        return 1.0
    mean = totals[seen].sum() / counts[seen].sum()
    return max(float((counts[seen] * (totals[seen] / counts[seen] - mean) ** 2).sum() / (seen.sum() - 1)), 1e-12)
