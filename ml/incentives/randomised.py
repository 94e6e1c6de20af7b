"""Whether an arm was drawn at random: its propensities are there, add up, and pick no kind of customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# One false alarm in a thousand trainings, shared among all features and the count itself.
FALSE_ALARMS: Final = 0.001
# A few rows of an old logger may lack theirs; half of an arm without is no experiment.
MOST_WITHOUT: Final = 0.5


def arm_problem(
    name: str, drawn: Bools, propensity: Floats, matrix: Floats, customer: Ints, features: Sequence[str]
) -> str | None:
    """Why an arm's rows are no randomised exposures, or None.

    Args:
        drawn: which rows drew this arm.
        propensity: probability of the drawn arm, NaN where none was logged.
        matrix: features before the draw, shape (rows, features).
        customer: code of each row's customer; rows of one customer are no independent draws of people.
    """
    logged = np.isfinite(propensity)
    without = int((drawn & ~logged).sum())
    if without > MOST_WITHOUT * drawn.sum():
        return f"arm {name!r}: {without} of {int(drawn.sum())} offers have no logged propensity; it was not randomised"
    own = propensity[drawn & logged]
    if own.min() <= 0 or own.max() > 1:
        wrong = own.min() if own.min() <= 0 else own.max()
        return f"arm {name!r}: propensity {wrong:g} is no probability; above 0 and at most 1 is needed"
    if own.min() >= 1:
        return f"arm {name!r}: drawn with propensity 1 wherever it was drawn; it was not randomised"
    return _not_as_logged(name, drawn & logged, propensity, matrix, customer, features, drawn & ~logged)


def _not_as_logged(
    name: str,
    drawn: Bools,
    propensity: Floats,
    matrix: Floats,
    customer: Ints,
    features: Sequence[str],
    unknown: Bools,
) -> str | None:
    """Compare each feature's mean among those drawn, each counting 1 / propensity, with everybody's."""
    kept = ~unknown
    surplus = np.where(drawn, 1.0 / np.where(drawn, propensity, 1.0), 0.0)[kept] - 1.0
    people = customer[kept]
    bound = float(norm.isf(FALSE_ALARMS / 2 / (len(features) + 1)))
    count = _z(surplus, people)
    if abs(count) > bound:
        told, seen = float((1.0 / propensity[drawn]).sum()), int(kept.sum())
        return (
            f"arm {name!r}: its propensities stand for {told:.0f} offers, {seen} were made (z {count:.1f}, bound "
            f"{bound:.1f}): they are not those it was drawn with, or it was not open to everybody"
        )
    for index, feature in enumerate(features):
        z = _z(surplus * _ranks(matrix[kept, index]), people)
        if abs(z) > bound:
            kind = "higher" if z > 0 else "lower"
            return (
                f"arm {name!r}: it went to customers with a {kind} {feature} than its propensities allow (z {z:.1f}, "
                f"bound {bound:.1f}); it was not randomised"
            )
    return None


def _z(values: Floats, customer: Ints) -> float:
    """Sum over its standard error, customers drawn independently."""
    sums = np.bincount(customer, weights=values)
    spread = float(np.sqrt((sums**2).sum()))
    return float(sums.sum()) / spread if spread > 0 else 0.0


def _ranks(values: Floats) -> Floats:
    """Centred ranks within [-0.5, 0.5], unknown ones 0, so that no extreme customer decides."""
    known = np.isfinite(values)
    ranks = np.zeros(len(values))
    if known.any():
        _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - (counts - 1) / 2
        ranks[known] = (middle[place] - 0.5) / known.sum() - 0.5
    return ranks
