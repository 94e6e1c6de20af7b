"""The share of units that did something."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from scipy.special import ndtri

from ml.experiments.checks import inside, units_for_variance, whole
from ml.experiments.effect import Interval


@dataclass(frozen=True, slots=True)
class Proportion:
    """Units of one arm; statistics of disjoint sets of units add up.

    Attributes:
        n: units.
        successes: those that did it, at most n.

    Raises:
        ValueError: a count that is none, or more successes than units.
    """

    n: int
    successes: int

    def __post_init__(self) -> None:
        whole(n=self.n, successes=self.successes)
        if self.successes > self.n:
            raise ValueError(f"successes: {self.successes}; at most n = {self.n}")

    def __add__(self, other: Proportion) -> Proportion:
        return Proportion(self.n + other.n, self.successes + other.successes)

    @property
    def mean(self) -> float:
        """Share of the units; ValueError when there is none."""
        if self.n < 1:
            raise ValueError("n: 0 units; at least 1 is needed for a share")
        return self.successes / self.n

    @property
    def variance(self) -> float:
        """p (1 - p): variance of one unit's yes or no."""
        units_for_variance(self.n)
        return self.mean * (1 - self.mean)


def wilson(share: Proportion, *, alpha: float = 0.05) -> Interval:
    """Wilson's score interval (1927) of one share; never empty, never outside 0 to 1."""
    inside(0, 1, alpha=alpha)
    n, p, z = share.n, share.mean, float(ndtri(1 - alpha / 2))
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))
