"""Whether actions were shown as often as their logged propensities say: overall, by bin, and within every slice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from ml.offpolicy.traffic import Bools, Floats, Ints, Labels, LoggedTraffic

# One log in a thousand is accused wrongly, however many cells are compared.
FALSE_ALARMS = 0.001
# Smaller deviations do not matter to a value that is judged to two percent; the mean weight has the same bound.
TOLERATED = 0.05
# Cells in which a normal approximation says nothing.
_LEAST_COUNT = 25.0
_BINS = 10
WHOLE, BIN = "all exposures", "propensity bin"


class Cell(NamedTuple):
    """One action in one slice: shown so often, expected so often by the logged propensities, and how unlikely that is.

    Where the log tells whole rows, both count exposures that showed the action. Where it tells only the propensity of
    what was shown, `shown` is the sum of 1/propensity and `expected` the exposures that could have shown it.
    """

    attribute: str
    label: str
    action: str
    exposures: int
    shown: float
    expected: float
    z: float

    @property
    def ratio(self) -> float:
        """Shown over expected."""
        return self.shown / self.expected


def cells_of(traffic: LoggedTraffic) -> list[Cell]:
    """Every action in every slice with enough of both: shown and not shown."""
    told = traffic.told
    found: list[Cell] = []
    for rows, has_row in ((told, True), (~told, False)):
        if rows.any():
            part = traffic.only(rows)
            for index, action in enumerate(traffic.actions):
                for attribute, labels in _slices(part, index, has_row=has_row):
                    found += _compared(part, index, action, attribute, labels, has_row=has_row)
    return found


def miscalibrated(cells: list[Cell]) -> list[Cell]:
    """Cells beyond chance and beyond what is tolerated, the most certain first."""
    bound = float(norm.isf(FALSE_ALARMS / 2 / max(len(cells), 1)))
    wrong = [cell for cell in cells if abs(cell.z) > bound and abs(cell.ratio - 1.0) > TOLERATED]
    return sorted(wrong, key=lambda cell: -abs(cell.z))


def _slices(part: LoggedTraffic, index: int, *, has_row: bool) -> Iterator[tuple[str, Labels]]:
    yield WHOLE, np.full(len(part), "")
    yield from part.slices.items()
    if has_row:
        yield BIN, _bins(part.logged[:, index])


def _bins(share: Floats) -> Labels:
    edges = np.unique(np.quantile(share, np.linspace(0, 1, _BINS + 1)))
    place = np.clip(np.searchsorted(edges, share, side="right") - 1, 0, max(len(edges) - 2, 0))
    names = [f"{low:.3f} to {high:.3f}" for low, high in pairwise(edges)] or [f"{edges[0]:.3f}"]
    return np.array(names)[place]


def _compared(
    part: LoggedTraffic, index: int, action: str, attribute: str, labels: Labels, *, has_row: bool
) -> Iterator[Cell]:
    names, code = np.unique(labels, return_inverse=True)
    drawn = (part.action == index).astype(np.float64)
    if has_row:
        shown, expected = drawn, part.logged[:, index]
        weight = expected * (1.0 - expected)
    else:
        # A propensity that is no probability is a fault of its own.
        sound = np.where(part.propensity > 0, part.propensity, 1.0)
        shown, expected, weight = drawn / sound, part.open[:, index].astype(np.float64), drawn
    sums = _by_cell(code, len(names), part.unit, shown - expected)
    counts = [np.bincount(code, weights=values, minlength=len(names)) for values in (shown, expected, weight)]
    people = np.bincount(code, minlength=len(names))
    for place, name in enumerate(names):
        if counts[2][place] >= _LEAST_COUNT and counts[1][place] > 0 and sums[1][place] > 0:
            z = sums[0][place] / np.sqrt(sums[1][place])
            yield Cell(
                attribute,
                str(name),
                action,
                int(people[place]),
                float(counts[0][place]),
                float(counts[1][place]),
                float(z),
            )


def _by_cell(code: Ints, cells: int, unit: Ints, residual: Floats) -> tuple[Floats, Floats]:
    """Sum of residuals by cell, and sum of squares of the persons' own sums."""
    pair, place = np.unique(code * (int(unit.max()) + 1) + unit, return_inverse=True)
    own = np.bincount(place, weights=residual)
    cell = pair // (int(unit.max()) + 1)
    total = np.bincount(cell, weights=own, minlength=cells).astype(np.float64)
    return total, np.bincount(cell, weights=own**2, minlength=cells).astype(np.float64)


def sound_rows(traffic: LoggedTraffic) -> Bools:
    """Exposures whose propensity is above 0 and at most 1."""
    return (traffic.propensity > 0) & (traffic.propensity <= 1.0)
