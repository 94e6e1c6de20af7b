"""The mean of a number of each unit, from its count, sum and sum of squares."""

from __future__ import annotations

from dataclasses import dataclass

from ml.experiments.checks import finite, scatter, units_for_variance, whole


@dataclass(frozen=True, slots=True)
class Mean:
    """Units of one arm; statistics of disjoint sets of units add up.

    Attributes:
        n: units.
        total: sum of their values.
        squares: sum of their squared values.

    Raises:
        ValueError: a count that is none, a value that is not finite, squares too small for the sum.
    """

    n: int
    total: float
    squares: float

    def __post_init__(self) -> None:
        whole(n=self.n)
        finite(total=self.total, squares=self.squares)
        if self.squares < 0 or (self.n == 0 and (self.total or self.squares)):
            raise ValueError(
                f"squares: {self.squares:g} with n {self.n}, total {self.total:g}; no units can sum to that"
            )
        if self.n:
            scatter(self.squares / self.n - self.mean**2, self.mean, "squares")

    def __add__(self, other: Mean) -> Mean:
        return Mean(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """Mean per unit; ValueError when there is none."""
        if self.n < 1:
            raise ValueError("n: 0 units; at least 1 is needed for a mean")
        return self.total / self.n

    @property
    def variance(self) -> float:
        """Unbiased variance of a unit's value; that of the mean is variance / n."""
        units_for_variance(self.n)
        return scatter((self.squares - self.total**2 / self.n) / (self.n - 1), self.mean, "squares")
