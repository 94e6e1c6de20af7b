"""What every statistic asks of its numbers; each error names the field, the value and the bound."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import isfinite
from typing import SupportsFloat

# Sums of squares lose digits to the mean; what is left below this share of mean squared is rounding, not scatter.
ROUNDING = 1e-12


def finite(**fields: SupportsFloat) -> None:
    """Raise ValueError at the first field that is not a finite number."""
    for field, value in fields.items():
        if not isfinite(float(value)):
            raise ValueError(f"{field}: {value}; a finite number is needed")


def at_least(least: float, **fields: SupportsFloat) -> None:
    """Raise ValueError at the first field below `least` (or no number at all)."""
    for field, value in fields.items():
        if not float(value) >= least:
            raise ValueError(f"{field}: {value}; at least {least:g} is needed")


def inside(low: float, high: float, **fields: SupportsFloat) -> None:
    """Raise ValueError at the first field that is not strictly between the bounds."""
    for field, value in fields.items():
        if not low < float(value) < high:
            raise ValueError(f"{field}: {value}; more than {low:g} and less than {high:g} is needed")


def whole(**fields: SupportsFloat) -> None:
    """Raise ValueError at the first field that is not a count: whole and not negative."""
    finite(**fields)
    at_least(0, **fields)
    for field, value in fields.items():
        if float(value) != int(float(value)):
            raise ValueError(f"{field}: {value}; a whole number is needed")


def one_of(field: str, value: str, known: Collection[str]) -> None:
    """Raise ValueError unless the value is one of those known."""
    if value not in known:
        raise ValueError(f"{field}: {value!r}; one of {', '.join(sorted(known))} is needed")


def known_arm(field: str, arm: str, arms: Mapping[str, object]) -> None:
    """Raise ValueError unless the arm is one of those given."""
    if arm not in arms:
        raise ValueError(f"{field}: {arm!r}; not among the arms {', '.join(sorted(arms))}")


def units_for_variance(n: float) -> None:
    """Raise ValueError for fewer than the two units that a variance needs."""
    if n < 2:
        raise ValueError(f"n: {n:g} units; at least 2 are needed for a variance")


def scatter(squares: float, mean: float, field: str) -> float:
    """A variance freed of rounding.

    Args:
        squares: variance computed from sums.
        mean: mean of the same values.
        field: what is told when the sums contradict each other.

    Raises:
        ValueError: below zero by more than rounding: sum of squares too small for its sum.
    """
    rounding = ROUNDING * mean * mean
    if squares < -1e3 * rounding - 1e-300:
        raise ValueError(f"{field}: variance {squares:g}; the sum of squares is too small for the sum")
    return squares if squares > rounding else 0.0
