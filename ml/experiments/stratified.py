"""Two arms within strata that both were drawn in, so that a change of their shares is no difference between them.

Means over all strata compare unlike people once shares follow results: an arm that is drawn more where everybody buys
looks good by that alone (Simpson 1951). A unit counts with the other arm's share of its stratum, which gives each
stratum the weight of Mantel and Haenszel (1959): what one arm has alone does not count, and few units count little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stratified:
    """One arm, brought to the strata of both.

    Attributes:
        n: its units in strata that have both arms.
        mean: of a unit, strata weighted alike in both arms.
        variance: of a unit, n times that of the mean. Strata count as scatter: wide rather than narrow.
    """

    n: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Sums:
    """Of one arm by stratum: units, sums of their values and of the squares. An arm without units there has 0."""

    n: Floats
    total: Floats
    squares: Floats


def side_by_side(control: Sums, treatment: Sums) -> tuple[Stratified, Stratified] | None:
    """Both arms on the strata that have units of both; None where there is no such stratum.

    Args:
        control: the plain arm; strata in the same order as the treatment's.
    """
    both = (control.n > 0) & (treatment.n > 0)
    if not both.any():
        return None
    return _one(control, treatment.n, both), _one(treatment, control.n, both)


def _one(arm: Sums, other: Floats, both: npt.NDArray[np.bool_]) -> Stratified:
    n, total, squares = arm.n[both], arm.total[both], arm.squares[both]
    weight = other[both] / (n + other[both])
    whole = float(weight @ n)
    mean = float(weight @ total) / whole
    around = squares - 2 * mean * total + n * mean**2
    units = float(n.sum())
    # Sums of squares far from 0 lose their last digits; less than none is none.
    return Stratified(int(units), mean, max(float(weight**2 @ around), 0.0) / whole**2 * units)
