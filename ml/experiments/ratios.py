"""A ratio of two sums over units, by the delta method; with clusters as units it is cluster-robust."""

from __future__ import annotations

from dataclasses import dataclass

from ml.experiments.checks import finite, scatter, units_for_variance, whole
from ml.experiments.means import Mean


@dataclass(frozen=True, slots=True)
class Ratio:
    """Sum of numerators over sum of denominators of one arm (order value: revenue over orders).

    For units that come in clusters (sessions of a person), the cluster is the unit: its numerator and denominator are
    sums over its rows, and rows of one cluster may depend on each other as they like.

    Attributes:
        n: units, or clusters; statistics of disjoint sets of them add up.
        numerator: sum of the units' numerators.
        denominator: sum of the units' denominators.
        numerator_squares: sum of squared numerators.
        denominator_squares: sum of squared denominators.
        products: sum of numerator x denominator.

    Raises:
        ValueError: a count that is none, a value that is not finite, squares or products that no units can have.
    """

    n: int
    numerator: float
    denominator: float
    numerator_squares: float
    denominator_squares: float
    products: float

    def __post_init__(self) -> None:
        whole(n=self.n)
        finite(products=self.products)
        Mean(self.n, self.numerator, self.numerator_squares)
        Mean(self.n, self.denominator, self.denominator_squares)
        most = (self.numerator_squares * self.denominator_squares) ** 0.5
        if abs(self.products) > most * (1 + 1e-9):
            raise ValueError(f"products: {self.products:g}; at most {most:g} in size with these squares")

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(
            self.n + other.n,
            self.numerator + other.numerator,
            self.denominator + other.denominator,
            self.numerator_squares + other.numerator_squares,
            self.denominator_squares + other.denominator_squares,
            self.products + other.products,
        )

    @property
    def mean(self) -> float:
        """The ratio of the sums."""
        if self.n < 1:
            raise ValueError("n: 0 units; at least 1 is needed for a ratio")
        if self.denominator == 0:
            raise ValueError("denominator: 0; a ratio needs another sum")
        return self.numerator / self.denominator

    @property
    def variance(self) -> float:
        """Variance of a unit's (numerator - ratio x denominator) / mean denominator; over n, of the ratio.

        Source: delta method as in Deng, Knoblich and Lu (2018), equation 3.
        """
        units_for_variance(self.n)
        ratio = self.mean
        scale = self.denominator / self.n
        # The residuals sum to zero, so that their mean square needs no mean taken off.
        squares = self.numerator_squares - 2 * ratio * self.products + ratio**2 * self.denominator_squares
        size = (self.numerator_squares / self.n) ** 0.5 / abs(scale)
        return scatter(squares / (self.n - 1) / scale**2, size, "products")
