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
    y, t, s, w = _columns(outcome, treated, score, weight)
    order = np.argsort(-s, kind="stable")
    y, t, s, w = y[order], t[order], s[order], w[order]
    last = np.append(np.diff(s) != 0, True)
    n_t, n_c = np.cumsum(w * t)[last], np.cumsum(w * (1 - t))[last]
    y_t, y_c = np.cumsum(w * t * y)[last], np.cumsum(w * (1 - t) * y)[last]
    control = np.divide(y_c * n_t, n_c, out=np.zeros(len(n_c)), where=n_c > 0)
    gain = (y_t - control) / n_t[-1]
    share = (n_t + n_c) / (n_t[-1] + n_c[-1])
    return Curve(np.append(0.0, share), np.append(0.0, gain))


def uplift_curve(outcome: npt.ArrayLike, treated: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike) -> Curve:
    """Share reached x difference of the arms' means among those reached (Jaskowski and Jaroszewicz 2012)."""
    y, t, s, w = _columns(outcome, treated, score, weight)
    order = np.argsort(-s, kind="stable")
    y, t, s, w = y[order], t[order], s[order], w[order]
    last = np.append(np.diff(s) != 0, True)
    n_t, n_c = np.cumsum(w * t)[last], np.cumsum(w * (1 - t))[last]
    means = [
        np.divide(total[last], n, out=np.zeros(len(n)), where=n > 0)
        for total, n in ((np.cumsum(w * t * y), n_t), (np.cumsum(w * (1 - t) * y), n_c))
    ]
    share = (n_t + n_c) / (n_t[-1] + n_c[-1])
    return Curve(np.append(0.0, share), np.append(0.0, share * (means[0] - means[1])))


def qini(outcome: npt.ArrayLike, treated: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike) -> float:
    """Area between the Qini curve and the straight line of treating everybody in no order; 0 is no ranking at all."""
    return _area_above_line(qini_curve(outcome, treated, score, weight))


def auuc(outcome: npt.ArrayLike, treated: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike) -> float:
    """Area under the uplift curve."""
    curve = uplift_curve(outcome, treated, score, weight)
    return float(np.trapezoid(curve.gain, curve.share))


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
