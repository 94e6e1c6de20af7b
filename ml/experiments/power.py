"""How many units an experiment needs, what it can detect, and how long it takes."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, sqrt
from typing import NamedTuple

from scipy.optimize import brentq
from scipy.special import ndtri

from ml.experiments.arms import Statistic, arm_of
from ml.experiments.checks import at_least, finite, inside, known_arm, one_of
from ml.experiments.drift import drift_needed
from ml.experiments.effect import Side, check_question
from ml.experiments.proportions import Proportion
from ml.experiments.spending import Spending


class Baseline(NamedTuple):
    """What is known of the metric before: its mean and the variance of a unit.

    Attributes:
        mean: of the control.
        variance: of a unit.
        of_shares: whether it is a share, whose variance moves with it.
    """

    mean: float
    variance: float
    of_shares: bool = False

    @classmethod
    def of_proportion(cls, share: float) -> Baseline:
        """A share of units; ValueError unless between 0 and 1."""
        inside(0, 1, share=share)
        return cls(share, share * (1 - share), True)

    @classmethod
    def of_mean(cls, mean: float, standard_deviation: float) -> Baseline:
        """A mean and the standard deviation of a unit; ValueError for none."""
        finite(mean=mean, standard_deviation=standard_deviation)
        inside(0, float("inf"), standard_deviation=standard_deviation)
        return cls(mean, standard_deviation**2)


class PlannedSize(NamedTuple):
    """Units to plan.

    Attributes:
        total: of all arms.
        arms: of each.
        inflation: what looking early multiplies the size with; 1 for one look.
    """

    total: int
    arms: dict[str, int]
    inflation: float


class _Design(NamedTuple):
    shares: dict[str, float]
    plain: str
    smallest: str
    alpha: float
    drift: float
    inflation: float
    rest: float


def planned_size(
    baseline: Statistic | Baseline,
    minimum_effect: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    side: Side = "two",
    shares: Mapping[str, float] | None = None,
    plain: str = "control",
    correlation: float = 0.0,
    looks: int = 1,
    spending: Spending = "obrien_fleming",
    comparisons: int = 1,
) -> PlannedSize:
    """Units with which the smallest arm's difference from plain of this size is found with chance `power`.

    Normal approximation with each arm's own variance; a share's variance is that of the effect asked for.

    Args:
        baseline: of the metric, or any statistic of history.
        minimum_effect: relative to |mean|; its sign matters for shares only.
        alpha: error of all looks of one comparison, before `comparisons`.
        power: chance to find the effect.
        side: of the test.
        shares: weight of each arm, in any unit; two halves when none.
        plain: the arm compared with.
        correlation: of outcome and covariate (CUPED); leaves 1 - correlation^2 of the variance.
        looks: equally spaced.
        spending: of the looks.
        comparisons: how many the alpha is divided by (Bonferroni); 1 leaves it.

    Raises:
        ValueError: any of these out of its bounds, or a baseline of 0 or without variance.
    """
    known = _baseline(baseline)
    design = _design(alpha, power, side, shares, plain, correlation, looks, spending, comparisons)
    error = _effect_size(known, minimum_effect)
    total = design.rest * _variance_a_unit(known, minimum_effect, design) * (design.drift / error) ** 2
    arms = {arm: ceil(total * share - 1e-9) for arm, share in design.shares.items()}
    return PlannedSize(sum(arms.values()), arms, design.inflation)


def detectable_effect(
    baseline: Statistic | Baseline,
    total: int,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    side: Side = "two",
    shares: Mapping[str, float] | None = None,
    plain: str = "control",
    correlation: float = 0.0,
    looks: int = 1,
    spending: Spending = "obrien_fleming",
    comparisons: int = 1,
) -> float:
    """Smallest relative increase found with chance `power` with so many units; arguments as `planned_size`.

    Raises:
        ValueError: as `planned_size`, a total below 2, or no share below 1 that so few units could tell apart.
    """
    at_least(2, total=total)
    known = _baseline(baseline)
    design = _design(alpha, power, side, shares, plain, correlation, looks, spending, comparisons)

    def short(effect: float) -> float:
        variance = design.rest * _variance_a_unit(known, effect, design)
        return design.drift * sqrt(variance / total) - _effect_size(known, effect)

    most = (1 - known.mean) / known.mean * (1 - 1e-9) if known.of_shares else 1e12
    if short(most) > 0:
        raise ValueError(f"total: {total}; too few to detect any increase of {known.mean:g}")
    return float(brentq(short, 1e-12, most, xtol=1e-12))


def duration_days(total: int, units_a_day: float, *, traffic: float = 1.0, whole_weeks: bool = True) -> int:
    """Days until so many new units have come.

    Args:
        total: units planned.
        units_a_day: units seen for the first time on a usual day (visitors who come back do not count again).
        traffic: share of them in the experiment.
        whole_weeks: rounded up to weeks, so that each day of the week weighs the same.

    Raises:
        ValueError: no units a day, traffic outside 0 to 1, or a total below 1.
    """
    at_least(1, total=total)
    inside(0, float("inf"), units_a_day=units_a_day)
    if not 0 < traffic <= 1:
        raise ValueError(f"traffic: {traffic}; more than 0 and at most 1 is needed")
    days = ceil(total / (units_a_day * traffic) - 1e-9)
    return 7 * ceil(days / 7) if whole_weeks else days


def _baseline(given: Statistic | Baseline) -> Baseline:
    if not isinstance(given, Baseline):
        arm = arm_of("baseline", given)
        given = Baseline(arm.mean, arm.variance, isinstance(given, Proportion))
    finite(**{"baseline.mean": given.mean, "baseline.variance": given.variance})
    if given.mean == 0:
        raise ValueError("baseline.mean: 0; an effect relative to nothing cannot be planned")
    if not given.variance > 0:
        raise ValueError(f"baseline.variance: {given.variance:g}; more than 0 is needed")
    return given


def _design(
    alpha: float,
    power: float,
    side: Side,
    shares: Mapping[str, float] | None,
    plain: str,
    correlation: float,
    looks: int,
    spending: Spending,
    comparisons: int,
) -> _Design:
    check_question(alpha, side)
    inside(0, 1, power=power)
    at_least(1, looks=looks, comparisons=comparisons)
    inside(-1, 1, correlation=correlation)
    one_of("spending", spending, ("obrien_fleming", "pocock"))
    given = dict(shares) if shares is not None else {plain: 1.0, "treatment": 1.0}
    known_arm("plain", plain, given)
    if len(given) < 2:
        raise ValueError(f"shares: {len(given)} arm; at least 2 are needed")
    for arm, share in given.items():
        inside(0, float("inf"), **{f"shares[{arm}]": share})
    whole = sum(given.values())
    held = {arm: share / whole for arm, share in given.items()}
    each = alpha / comparisons
    fixed = -float(ndtri(each / 2 if side == "two" else each)) + float(ndtri(power))
    fractions = [(at + 1) / looks for at in range(int(looks))]
    drift = drift_needed(fractions, alpha=each, power=power, side=side, spending=spending) if looks > 1 else fixed
    smallest = min((arm for arm in held if arm != plain), key=lambda arm: held[arm])
    return _Design(held, plain, smallest, each, drift, (drift / fixed) ** 2, 1 - correlation**2)


def _effect_size(known: Baseline, effect: float) -> float:
    finite(minimum_effect=effect)
    if effect == 0:
        raise ValueError("minimum_effect: 0; another size than none is needed")
    if known.of_shares and not 0 < known.mean * (1 + effect) < 1:
        raise ValueError(f"minimum_effect: {effect}; a share of {known.mean:g} would leave 0 to 1")
    return abs(known.mean * effect)


def _variance_a_unit(known: Baseline, effect: float, design: _Design) -> float:
    """Variance of the difference times all units."""
    moved = known.mean * (1 + effect)
    treated = moved * (1 - moved) if known.of_shares else known.variance
    return known.variance / design.shares[design.plain] + treated / design.shares[design.smallest]
