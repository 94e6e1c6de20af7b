"""Chances that a test statistic, looked at several times, first leaves its bounds at a given look.

Scores at information t are normal with mean drift x t and variance t, with independent increments. The density of those
that have not left yet is carried from look to look by numerical integration (Armitage, McPherson and Rowe 1969;
Jennison and Turnbull 2000, chapter 19), exact to about 1e-10.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Floats = npt.NDArray[np.float64]
# Beyond so many standard deviations lies less than 1e-18.
REACH = 9.0
# Gauss-Legendre points a panel of 1.5 standard deviations of the smaller step; 16 instead move results by < 1e-12.
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(12)
PANEL = 1.5
SQRT_TWO_PI = sqrt(2 * np.pi)


class Path(NamedTuple):
    """Scores of those that have not left their bounds by now.

    Attributes:
        information: of the last look, 0 before the first.
        nodes: scores.
        mass: weight of each; together the chance of having got so far.
    """

    information: float
    nodes: Floats
    mass: Floats


START = Path(0.0, np.zeros(1), np.ones(1))


class Crossing(NamedTuple):
    """Chance of first leaving at each look."""

    above: list[float]
    below: list[float]


def above(path: Path, information: float, z: float, drift: float = 0.0) -> float:
    """Chance of having stayed so far and being above z (in standard deviations) at the next look."""
    mean, deviation = _next(path, information, drift)
    return float(path.mass @ ndtr((mean - z * sqrt(information)) / deviation))


def below(path: Path, information: float, z: float, drift: float = 0.0) -> float:
    """Chance of having stayed so far and being below z (in standard deviations) at the next look."""
    mean, deviation = _next(path, information, drift)
    return float(path.mass @ ndtr((z * sqrt(information) - mean) / deviation))


def carry(path: Path, information: float, low: float, high: float, following: float, drift: float = 0.0) -> Path:
    """Those that stay between two bounds at the next look.

    Args:
        path: those that stayed so far.
        information: of the next look.
        low: lower bound in standard deviations, -inf for none.
        high: upper bound, inf for none.
        following: information of the look after, which sets how finely the density is kept.
        drift: mean score at information 1.
    """
    mean, deviation = _next(path, information, drift)
    middle, root = drift * information, sqrt(information)
    start, end = max(low * root, middle - REACH * root), min(high * root, middle + REACH * root)
    if not end > start:
        return Path(information, np.zeros(1), np.zeros(1))
    step = PANEL * min(deviation, sqrt(following - information) if following > information else deviation)
    edges = np.linspace(start, end, max(2, ceil((end - start) / step) + 1))
    half = np.diff(edges) / 2
    nodes = ((edges[:-1] + half)[:, None] + half[:, None] * POINTS).ravel()
    weights = (half[:, None] * WEIGHTS).ravel()
    density = np.exp(-0.5 * ((nodes[:, None] - mean) / deviation) ** 2) @ path.mass / (deviation * SQRT_TWO_PI)
    return Path(information, nodes, weights * density)


def crossing(
    fractions: Sequence[float], upper: Sequence[float], lower: Sequence[float], drift: float = 0.0
) -> Crossing:
    """Chance of first leaving above or below at each look.

    Args:
        fractions: information at each look, increasing.
        upper: bounds in standard deviations, inf for none.
        lower: bounds in standard deviations, -inf for none.
        drift: mean score at information 1.
    """
    found, path = Crossing([], []), START
    for at, information in enumerate(fractions):
        found.above.append(above(path, information, upper[at], drift) if upper[at] < inf else 0.0)
        found.below.append(below(path, information, lower[at], drift) if lower[at] > -inf else 0.0)
        if at + 1 < len(fractions):
            path = carry(path, information, lower[at], upper[at], fractions[at + 1], drift)
    return found


def _next(path: Path, information: float, drift: float) -> tuple[Floats, float]:
    step = information - path.information
    return path.nodes + drift * step, sqrt(step)
