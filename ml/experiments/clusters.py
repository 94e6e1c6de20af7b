"""How much further a mean scatters because units of one person are alike: the design effect of Kish (1965)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class People:
    """Of one arm: sums over its people of what each brought, and over its units.

    Attributes:
        units: sum of the units.
        total: sum of their values.
        units_squared: sum over people of their units, squared.
        total_squared: sum over people of their values' sums, squared.
        product: sum over people of units times sum of values.
        unit_squares: sum over units of the squared value.
    """

    units: float
    total: float
    units_squared: float
    total_squared: float
    product: float
    unit_squares: float

    @property
    def effective(self) -> float:
        """People, as many as would be worth it if all came equally often."""
        return self.units**2 / self.units_squared if self.units_squared > 0 else 0.0

    @property
    def scatter(self) -> tuple[float, float]:
        """Sums of squared deviations from the arm's mean: of people's sums, and of units."""
        mean = self.total / self.units if self.units else 0.0
        people = self.total_squared - 2 * mean * self.product + mean**2 * self.units_squared
        units = self.unit_squares - 2 * mean * self.total + mean**2 * self.units
        return max(people, 0.0), max(units, 0.0)


def inflation(one: People, other: People) -> tuple[float, float]:
    """By how much each arm's variance is to be multiplied; at least 1.

    The larger of the arm's own factor and that of both together: where nobody has complained of an arm yet, its own
    says nothing of how complaints come.
    """
    scatters = one.scatter, other.scatter
    both = _factor(*(sum(parts) for parts in zip(*scatters, strict=True)))
    first, second = (max(1.0, both, _factor(*scatter)) for scatter in scatters)
    return first, second


def _factor(people: float, units: float) -> float:
    return people / units if units > 0 else 1.0
