"""How sure one may be that an arm is better, with a flat prior or a normal one."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, pi, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr, ndtri

from ml.experiments.checks import finite, inside
from ml.experiments.difference import Kind, compare
from ml.experiments.effect import Interval

Floats = npt.NDArray[np.float64]
# Gauss-Legendre points a panel, and panels of half a standard deviation of the narrowest arm over nine on each side.
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(16)
REACH = 9.0
MOST_PANELS = 4_000


class Prior(NamedTuple):
    """What was believed of the difference (or lift) before.

    Attributes:
        mean: of a normal distribution.
        variance: of it, above 0.
    """

    mean: float
    variance: float


class Bayesian(NamedTuple):
    """The posterior of the difference (or lift).

    Attributes:
        expected: its mean.
        interval: credible, equal tails.
        chance_to_win: that the treatment is above the control.
        risk_control: what is lost on average by keeping the control: E max(difference, 0).
        risk_treatment: what is lost on average by taking the treatment: E max(-difference, 0).
    """

    expected: float
    interval: Interval
    chance_to_win: float
    risk_control: float
    risk_treatment: float


def bayesian(
    control: Kind, treatment: Kind, *, alpha: float = 0.05, relative: bool = False, prior: Prior | None = None
) -> Bayesian:
    """Normal posterior of the difference of two arms.

    Args:
        control: the plain arm.
        treatment: the other.
        alpha: 1 - level of the interval.
        relative: of the lift over |control| instead of the absolute difference.
        prior: of the same; none is flat.

    Raises:
        ValueError: as `difference.compare`, a lift that is refused, or a prior without variance.
    """
    found = compare(control, treatment, alpha=alpha)
    effect = found.relative if relative else found.absolute
    if effect is None:
        raise ValueError(f"relative: refused; {found.relative_refused}")
    mean, variance = effect.estimate, effect.standard_error**2
    if prior is not None:
        finite(**{"prior.mean": prior.mean})
        inside(0, float("inf"), **{"prior.variance": prior.variance})
        precision = 1 / variance + 1 / prior.variance
        mean, variance = (mean / variance + prior.mean / prior.variance) / precision, 1 / precision
    return _posterior(mean, sqrt(variance), alpha)


def best_arm(means: Sequence[float], standard_errors: Sequence[float]) -> Floats:
    """Chance of each arm to be the best, by quadrature over its own posterior.

    Args:
        means: posterior means; for a metric where lower is better, their negatives.
        standard_errors: posterior standard deviations, above 0.

    Raises:
        ValueError: different lengths, no arms, or numbers that are not finite or not above 0.
    """
    m, s = np.asarray(means, dtype=np.float64), np.asarray(standard_errors, dtype=np.float64)
    if m.shape != s.shape or m.ndim != 1 or not len(m):
        raise ValueError(f"means, standard_errors: shapes {m.shape}, {s.shape}; two columns of one length are needed")
    for at in range(len(m)):
        finite(**{f"means[{at}]": m[at]})
        inside(0, float("inf"), **{f"standard_errors[{at}]": s[at]})
    chances = np.array([_best(at, m, s) for at in range(len(m))])
    return np.asarray(chances / chances.sum(), dtype=np.float64)


def _posterior(mean: float, error: float, alpha: float) -> Bayesian:
    z = mean / error
    density = exp(-z * z / 2) / sqrt(2 * pi)
    win = float(ndtr(z))
    half = error * float(ndtri(1 - alpha / 2))
    # Each by its own tail: the difference of the two would lose the smaller one's digits.
    gained, lost = mean * win + error * density, error * density - mean * float(ndtr(-z))
    return Bayesian(mean, Interval(mean - half, mean + half), win, max(gained, 0.0), max(lost, 0.0))


def _best(at: int, m: Floats, s: Floats) -> float:
    """Integral of the arm's density times the chance that all others lie below."""
    others = np.arange(len(m)) != at
    if not others.any():
        return 1.0
    # The others' steps may be steeper than the arm's own density.
    step = max(min(1.0, float(s.min() / s[at])) / 2, 2 * REACH / MOST_PANELS)
    edges = np.linspace(-REACH, REACH, int(np.ceil(2 * REACH / step)) + 1)
    half = np.diff(edges) / 2
    nodes = ((edges[:-1] + half)[:, None] + half[:, None] * POINTS).ravel()
    weights = (half[:, None] * WEIGHTS).ravel()
    value = m[at] + s[at] * nodes
    below = log_ndtr((value[:, None] - m[others]) / s[others]).sum(axis=1)
    return float(np.sum(weights * np.exp(below - nodes**2 / 2)) / sqrt(2 * pi))
