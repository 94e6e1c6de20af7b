"""Revenue with its rarest, largest amounts held at a bound, so that one order cannot decide an experiment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.experiments.checks import finite, inside

Floats = npt.NDArray[np.float64]
# One unit in a hundred of those that paid at all. A quantile of all units would be zero where few buy.
TAIL = 0.01


class Caps(NamedTuple):
    """Bounds learned on the units of all arms together; bounds of each arm's own would hide or make an effect.

    Attributes:
        low: smallest value kept (for refunds); -inf when no value is negative.
        high: largest value kept; inf when no value is positive.
        tail: share of the non-zero values beyond each bound.
    """

    low: float
    high: float
    tail: float


class Winsorised(NamedTuple):
    """Values held within the caps, and what that did.

    Attributes:
        values: one a unit, in the order given.
        n_clipped: units that were moved to a bound.
        total_before: sum before.
        total_after: sum after.
        said: one sentence for a report.
    """

    values: Floats
    n_clipped: int
    total_before: float
    total_after: float
    said: str


def caps(values: npt.ArrayLike, *, tail: float = TAIL) -> Caps:
    """Bounds from the pooled values of all arms.

    The bound is an observed value, and the largest is always beyond it when more than one unit paid: a single order of
    a million among a hundred never sets its own bound.

    Args:
        values: one a unit, all arms.
        tail: share of the values above zero that lie above the upper bound, and of those below zero below the lower.

    Raises:
        ValueError: no values, one that is not finite, or a tail outside 0 to 0.5.
    """
    inside(0, 0.5, tail=tail)
    column = _finite(values)
    above, below = np.sort(column[column > 0]), np.sort(-column[column < 0])
    return Caps(-_bound(below, tail), _bound(above, tail), tail)


def winsorised(values: npt.ArrayLike, bounds: Caps) -> Winsorised:
    """The values held within the caps; ValueError for values that are not finite or caps that cross."""
    finite(tail=bounds.tail)
    if not bounds.low <= bounds.high:
        raise ValueError(f"low: {bounds.low}; at most high = {bounds.high}")
    column = _finite(values)
    held = np.clip(column, bounds.low, bounds.high)
    n = int((held != column).sum())
    before, after = float(column.sum()), float(held.sum())
    return Winsorised(held, n, before, after, _said(column, bounds, n, before, after))


def _bound(sorted_sizes: Floats, tail: float) -> float:
    if not len(sorted_sizes):
        return float("inf")
    return float(sorted_sizes[int(np.floor((1 - tail) * (len(sorted_sizes) - 1)))])


def _said(column: Floats, bounds: Caps, n: int, before: float, after: float) -> str:
    if not n:
        return f"no unit of {len(column)} lies {_beyond(bounds)}"
    furthest = column[int(np.argmax(np.abs(column)))]
    return (
        f"{n} of {len(column)} units lie {_beyond(bounds)} and count as that (bounds of all arms together), "
        f"the furthest at {furthest:.6g}; the sum went from {before:.6g} to {after:.6g}"
    )


def _beyond(bounds: Caps) -> str:
    sides = (("below", bounds.low), ("above", bounds.high))
    return " or ".join(f"{word} {bound:.6g}" for word, bound in sides if np.isfinite(bound)) or "beyond any bound"


def _finite(values: npt.ArrayLike) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or not len(column):
        raise ValueError(f"values: shape {column.shape}; one column with at least 1 value is needed")
    strange = int((~np.isfinite(column)).sum())
    if strange:
        raise ValueError(f"values: {strange} of {len(column)} are not finite; finite numbers are needed")
    return column
