"""From scores to probabilities that can be counted on; two curves, kept as JSON, applied with numpy alone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

Floats = npt.NDArray[np.float64]
# Keeps log-odds finite and says that nothing is ever quite certain.
EDGE = 1e-4


@dataclass(frozen=True)
class PlattCurve:
    """Logistic curve over log-odds: p = 1 / (1 + exp(-(slope · logit(score) + shift)))."""

    slope: float
    shift: float
    kind: Literal["platt"] = "platt"

    def apply(self, scores: npt.ArrayLike) -> Floats:
        """Probabilities within [0.0001, 0.9999], in the order of the scores."""
        return _clipped(_sigmoid(self.slope * logit(scores) + self.shift))


@dataclass(frozen=True)
class IsotonicCurve:
    """Rising line through (score, rate) points; flat beyond the ends."""

    scores: tuple[float, ...]
    rates: tuple[float, ...]
    kind: Literal["isotonic"] = "isotonic"

    def apply(self, scores: npt.ArrayLike) -> Floats:
        """Probabilities within [0.0001, 0.9999], never against the order of the scores."""
        return _clipped(np.interp(np.asarray(scores, dtype=np.float64), self.scores, self.rates))


Curve = PlattCurve | IsotonicCurve


def fit_platt(scores: npt.ArrayLike, labels: npt.ArrayLike) -> PlattCurve:
    """Maximum likelihood with Platt's softened targets (Platt 1999), so that separable classes stay finite.

    The slope is never negative: calibration may flatten an order, not turn it round.
    """
    x, y = logit(scores), np.asarray(labels, dtype=np.float64)
    positives, negatives = y.sum(), len(y) - y.sum()
    targets = np.where(y > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(weights: Floats) -> tuple[float, Floats]:
        z = weights[0] * x + weights[1]
        error = _sigmoid(z) - targets
        value = float(np.mean(np.logaddexp(0.0, z) - targets * z))
        return value, np.array([np.mean(error * x), np.mean(error)])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.0, 10.0), (-20.0, 20.0)])
    return PlattCurve(float(found.x[0]), float(found.x[1]))


def fit_isotonic(scores: npt.ArrayLike, labels: npt.ArrayLike) -> IsotonicCurve:
    """Least squares under the single condition that the rate rises with the score; wants 1,000 rows or more."""
    fitted = IsotonicRegression(out_of_bounds="clip").fit(np.asarray(scores, dtype=np.float64), np.asarray(labels))
    return IsotonicCurve(
        tuple(float(value) for value in fitted.X_thresholds_), tuple(float(value) for value in fitted.y_thresholds_)
    )


def curve_to_json(curve: Curve) -> str:
    """Everything that `curve_from_json` needs."""
    return json.dumps(asdict(curve))


def curve_from_json(text: str) -> Curve:
    """The curve as it was fitted.

    Raises:
        ValueError: the kind is neither `platt` nor `isotonic`.
    """
    body = json.loads(text)
    kind = body.get("kind")
    if kind == "platt":
        return PlattCurve(body["slope"], body["shift"])
    if kind == "isotonic":
        return IsotonicCurve(tuple(body["scores"]), tuple(body["rates"]))
    raise ValueError(f"calibration.kind: {kind!r} is not one of platt, isotonic")


def logit(scores: npt.ArrayLike) -> Floats:
    """Log-odds, probabilities kept within [0.0001, 0.9999]."""
    p = _clipped(scores)
    return np.asarray(np.log(p / (1 - p)), dtype=np.float64)


def _clipped(values: npt.ArrayLike) -> Floats:
    return np.clip(np.asarray(values, dtype=np.float64), EDGE, 1 - EDGE)


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)), dtype=np.float64)
