"""Qini and AUUC: how much more of an effect lies among the customers that a score puts first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Curve(NamedTuple):
    """Share of customers reached in order of the score, and what reaching them gained, per customer of all."""

    share: Floats
    gain: Floats


def qini_curve(outcome: npt.ArrayLike, treated: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike) -> Curve:
    """Radcliffe's curve (2007): treated outcomes so far less the control's, brought to the treated's number.

    Customers with the same score are reached together. Gains are divided by the treated's total weight, so that the
    last point is the average effect on everybody.

    Args:
        outcome: any number a row.
        treated: true for the incentive, false for the plain arm.
        score: higher is reached first.
        weight: 1 / propensity of the arm drawn, or ones.

    Raises:
        ValueError: lengths differ, a value is not finite, or an arm has no weight.
    """
    n_t, n_c, y_t, y_c = _reached(outcome, treated, score, weight)
    control = np.divide(y_c * n_t, n_c, out=np.zeros(len(n_c)), where=n_c > 0)
    return _curve(n_t, n_c, (y_t - control) / n_t[-1])


def uplift_curve(outcome: npt.ArrayLike, treated: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike) -> Curve:
    """Share reached x difference of the arms' means among those reached (Jaskowski and Jaroszewicz 2012)."""
    n_t, n_c, y_t, y_c = _reached(outcome, treated, score, weight)
    means = [np.divide(y, n, out=np.zeros(len(n)), where=n > 0) for y, n in ((y_t, n_t), (y_c, n_c))]
    return _curve(n_t, n_c, _share(n_t, n_c) * (means[0] - means[1]))


def qini(outcome: npt.ArrayLike, treated: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike) -> float:
    """Area between the Qini curve and the straight line of treating everybody in no order; 0 is no ranking at all."""
    return _area_above_line(qini_curve(outcome, treated, score, weight))


def auuc(outcome: npt.ArrayLike, treated: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike) -> float:
    """Area under the uplift curve."""
    curve = uplift_curve(outcome, treated, score, weight)
    return float(np.trapezoid(curve.gain, curve.share))


def _reached(
    outcome: npt.ArrayLike, treated: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """Down to each score: weights of treated and control, and their weighted outcomes."""
    y, t, s, w = _columns(outcome, treated, score, weight)
    order = np.argsort(-s, kind="stable")
    y, t, s, w = y[order], t[order], s[order], w[order]
    last = np.append(np.diff(s) != 0, True)
    n_t, n_c, y_t, y_c = (np.cumsum(part)[last] for part in (w * t, w * (1 - t), w * t * y, w * (1 - t) * y))
    return n_t, n_c, y_t, y_c


def _share(n_t: Floats, n_c: Floats) -> Floats:
    return np.asarray((n_t + n_c) / (n_t[-1] + n_c[-1]), dtype=np.float64)


def _curve(n_t: Floats, n_c: Floats, gain: Floats) -> Curve:
    return Curve(np.append(0.0, _share(n_t, n_c)), np.append(0.0, gain))


def _area_above_line(curve: Curve) -> float:
    return float(np.trapezoid(curve.gain, curve.share) - curve.gain[-1] / 2)


def _columns(
    outcome: npt.ArrayLike, treated: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    y, s, w = (np.asarray(column, dtype=np.float64) for column in (outcome, score, weight))
    t = np.asarray(treated, dtype=np.bool_).astype(np.float64)
    if not len(y) == len(t) == len(s) == len(w):
        raise ValueError(f"lengths {len(y)}, {len(t)}, {len(s)}, {len(w)}: four columns of one length are needed")
    if not all(np.isfinite(column).all() for column in (y, s, w)):
        raise ValueError("outcome, score, weight: every entry must be finite")
    for name, total in (("treated", (w * t).sum()), ("control", (w * (1 - t)).sum())):
        if total <= 0:
            raise ValueError(f"{name}: 0 rows with a weight; both arms are needed")
    return y, t, s, w
