"""Less noise by what was known of each unit before: CUPED (Deng, Xu, Kohavi and Walker 2013), also for ratios.

The covariate must be from before the unit's first exposure; what came after may itself be an effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ml.experiments.checks import finite, scatter, units_for_variance, whole
from ml.experiments.means import Mean
from ml.experiments.ratios import Ratio


class Moments(NamedTuple):
    """Outcome and covariate of one arm, per unit (ratios: linearised)."""

    n: int
    mean: float
    covariate_mean: float
    variance: float
    covariate_variance: float
    covariance: float


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A mean with one covariate from before; statistics of disjoint sets of units add up.

    Attributes:
        n: units.
        total: sum of outcomes.
        squares: sum of squared outcomes.
        covariate: sum of covariates.
        covariate_squares: sum of squared covariates.
        products: sum of outcome x covariate.

    Raises:
        ValueError: a count that is none, a value that is not finite, squares or products that no units can have.
    """

    n: int
    total: float
    squares: float
    covariate: float
    covariate_squares: float
    products: float

    def __post_init__(self) -> None:
        Ratio(self.n, self.total, self.covariate, self.squares, self.covariate_squares, self.products)

    def __add__(self, other: Adjusted) -> Adjusted:
        return Adjusted(
            self.n + other.n,
            self.total + other.total,
            self.squares + other.squares,
            self.covariate + other.covariate,
            self.covariate_squares + other.covariate_squares,
            self.products + other.products,
        )

    @property
    def mean(self) -> float:
        """Mean outcome as observed; the adjustment needs both arms (`difference.compare`)."""
        return Mean(self.n, self.total, self.squares).mean

    @property
    def variance(self) -> float:
        """Variance of a unit's outcome, unadjusted."""
        return Mean(self.n, self.total, self.squares).variance

    @property
    def moments(self) -> Moments:
        """Means, variances and covariance per unit."""
        before = Mean(self.n, self.covariate, self.covariate_squares)
        covariance = (self.products - self.total * self.covariate / self.n) / (self.n - 1) if self.n > 1 else 0.0
        return Moments(self.n, self.mean, before.mean, self.variance, before.variance, covariance)


@dataclass(frozen=True, slots=True)
class AdjustedRatio:
    """A ratio with the same ratio from before as its covariate; disjoint sets of units add up.

    Attributes:
        n: units.
        totals: sums of numerator, denominator, numerator before, denominator before.
        products: sums of the products of these four, in the order of the upper triangle: 00, 01, 02, 03, 11, 12, ...

    Raises:
        ValueError: not 4 and 10 numbers, or one that is not finite, or squares that no units can have.
    """

    n: int
    totals: tuple[float, float, float, float]
    products: tuple[float, ...]

    def __post_init__(self) -> None:
        whole(n=self.n)
        if len(self.totals) != 4 or len(self.products) != 10:
            raise ValueError(f"totals, products: {len(self.totals)}, {len(self.products)} numbers; 4 and 10 are needed")
        finite(**{f"totals[{at}]": value for at, value in enumerate(self.totals)})
        finite(**{f"products[{at}]": value for at, value in enumerate(self.products)})
        _ = self.ratio, self.ratio_before

    def __add__(self, other: AdjustedRatio) -> AdjustedRatio:
        first, second, third, fourth = (a + b for a, b in zip(self.totals, other.totals, strict=True))
        products = tuple(a + b for a, b in zip(self.products, other.products, strict=True))
        return AdjustedRatio(self.n + other.n, (first, second, third, fourth), products)

    @property
    def ratio(self) -> Ratio:
        """The ratio without its covariate."""
        p = self.products
        return Ratio(self.n, self.totals[0], self.totals[1], p[0], p[4], p[1])

    @property
    def ratio_before(self) -> Ratio:
        """The same ratio before the exposure."""
        p = self.products
        return Ratio(self.n, self.totals[2], self.totals[3], p[7], p[9], p[8])

    @property
    def mean(self) -> float:
        """The ratio as observed; the adjustment needs both arms (`difference.compare`)."""
        return self.ratio.mean

    @property
    def variance(self) -> float:
        """Variance of the linearised ratio per unit, unadjusted."""
        return self.ratio.variance

    @property
    def moments(self) -> Moments:
        """Means, variances and covariance of both linearised ratios per unit."""
        now, before, p = self.ratio, self.ratio_before, self.products
        a, b = now.mean, before.mean
        cross = p[2] - b * p[3] - a * p[5] + a * b * p[6]
        scale = self.totals[1] * self.totals[3] / self.n**2
        covariance = cross / (self.n - 1) / scale if self.n > 1 else 0.0
        return Moments(self.n, a, b, now.variance, before.variance, covariance)


Covaried = Adjusted | AdjustedRatio


def pooled_slope(control: Covaried, treatment: Covaried) -> float:
    """Slope of the outcome on the covariate over both arms as one; 0 when the covariate does not vary.

    One slope for both: a slope of each arm's own would let an effect hide in it.
    """
    m = merged(control, treatment).moments
    return m.covariance / m.covariate_variance if m.covariate_variance > 0 else 0.0


def within_slope(control: Covaried, treatment: Covaried) -> float:
    """The same with each arm centred on (ratios: linearised around) its own mean."""
    a, b = control.moments, treatment.moments
    below = (a.n - 1) * a.covariate_variance + (b.n - 1) * b.covariate_variance
    return ((a.n - 1) * a.covariance + (b.n - 1) * b.covariance) / below if below > 0 else 0.0


def merged(control: Covaried, treatment: Covaried) -> Covaried:
    """Both arms as one; ValueError when they are of different kinds."""
    if isinstance(control, Adjusted) and isinstance(treatment, Adjusted):
        return control + treatment
    if isinstance(control, AdjustedRatio) and isinstance(treatment, AdjustedRatio):
        return control + treatment
    raise ValueError(f"treatment: {type(treatment).__name__}; the control is a {type(control).__name__}")


def correlation(pooled: Covaried) -> float:
    """Correlation of outcome and covariate, which planning asks for; 0 when one of them does not vary."""
    m = pooled.moments
    product = m.variance * m.covariate_variance
    return max(-1.0, min(1.0, m.covariance / product**0.5)) if product > 0 else 0.0


def residual_variance(moments: Moments, slope: float) -> float:
    """Variance of outcome - slope x covariate per unit."""
    units_for_variance(moments.n)
    left = moments.variance + slope**2 * moments.covariate_variance - 2 * slope * moments.covariance
    # What a covariate explains wholly leaves rounding behind, of either sign.
    return scatter(max(left, 0.0), moments.variance**0.5, "products")
