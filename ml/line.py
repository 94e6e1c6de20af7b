"""A linear model beside the trees: what is roughly proportional is learned from few customers, and carries on beyond
what was seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]
# Beyond five standard deviations a feature says "extreme" and no more.
CLIP: Final = 5.0
# Weights of standardised columns are drawn towards 0 as by so many rows; 300 to 3,000 ranked within 0.003 of AUC.
PULL: Final = 1_000.0
# Some hundred weights need no more rows, and each pass reads all of them.
MOST_ROWS: Final = 50_000
STEPS: Final = 200


class Shape(NamedTuple):
    """How columns are read: missing → `fill`; signed logarithm and signed root of each, centred, scaled, clipped.

    Attributes:
        fill: shape (features,).
        mean, scale: shape (2, features); a scale of 0 marks a column without variation, which counts nothing.
    """

    fill: Floats
    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, matrix: Floats) -> Shape:
        """Learn fills and scales from shape (rows, features), NaN = missing."""
        known = np.isfinite(matrix)
        fill = np.array(
            [np.median(column[own]) if own.any() else 0.0 for column, own in zip(matrix.T, known.T, strict=True)]
        )
        views = [_views(np.where(own, column, one)) for column, own, one in zip(matrix.T, known.T, fill, strict=True)]
        spread = np.array([[view.std() for view in pair] for pair in views]).T
        mean = np.array([[view.mean() for view in pair] for pair in views]).T
        return cls(fill, mean, np.where(spread > 1e-9, spread, 0.0))

    def column(self, values: Floats, place: int) -> list[Floats]:
        """Both views of one column, comparable with those of others."""
        pair = _views(np.where(np.isfinite(values), values, self.fill[place]))
        scales = self.scale[:, place]
        return [
            np.clip((view - self.mean[which, place]) / scales[which], -CLIP, CLIP)
            if scales[which]
            else np.zeros(len(view))
            for which, view in enumerate(pair)
        ]


@dataclass(frozen=True)
class Line:
    """Weights of both views of each feature, shape (2, features), and a constant."""

    shape: Shape
    weights: Floats
    constant: float

    def score(self, matrix: Floats) -> Floats:
        """Constant plus weighted columns of shape (rows, features): log-odds.

        Column by column: a matrix product would add in another order for one row than for many.
        """
        total = np.full(len(matrix), self.constant)
        for place in np.flatnonzero(np.abs(self.weights).sum(axis=0)):
            for weight, view in zip(
                self.weights[:, place], self.shape.column(matrix[:, place], int(place)), strict=True
            ):
                total += weight * view
        return total

    def gains(self) -> Floats:
        """Share of the absolute weights that each feature has, summing to 1 (all 0 without any)."""
        loud = np.abs(self.weights).sum(axis=0)
        return np.asarray(loud / loud.sum() if loud.sum() > 0 else loud, dtype=np.float64)

    def to_bytes(self) -> bytes:
        """JSON."""
        body = {**self.shape._asdict(), "weights": self.weights}
        return json.dumps({name: value.tolist() for name, value in body.items()} | {"constant": self.constant}).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Line:
        """The line that `to_bytes` wrote."""
        body = json.loads(text)
        arrays = {name: np.asarray(body[name], dtype=np.float64) for name in ("fill", "mean", "scale", "weights")}
        return cls(Shape(arrays["fill"], arrays["mean"], arrays["scale"]), arrays["weights"], float(body["constant"]))


def fit_odds(matrix: Floats, target: Floats, signs: Sequence[int]) -> Line:
    """Logistic regression (log-odds of `target`, 0 or 1) with L2; weights keep to the known signs."""
    shape, views, label = _read(matrix, target)
    rate = float(np.clip(label.mean(), 1e-4, 1 - 1e-4))

    def loss(weights: Floats) -> tuple[float, Floats]:
        z = views @ weights[:-1] + weights[-1]
        error = 0.5 * (1.0 + np.tanh(0.5 * z)) - label
        value = np.sum(np.logaddexp(0.0, z) - label * z) + 0.5 * PULL * np.sum(weights[:-1] ** 2)
        return float(value), np.append(views.T @ error + PULL * weights[:-1], error.sum())

    return _line(shape, loss, float(np.log(rate / (1 - rate))), signs)


def _read(matrix: Floats, target: Floats) -> tuple[Shape, Floats, Floats]:
    """Fills and scales of all rows; of every n-th row the views, shape (rows, 2 x features), and the target."""
    step = -(-len(matrix) // MOST_ROWS) if len(matrix) else 1
    some = matrix[::step]
    shape = Shape.of(some)
    pairs = [shape.column(some[:, place], place) for place in range(some.shape[1])]
    views = np.column_stack([pair[which] for which in (0, 1) for pair in pairs])
    return shape, views, target[::step]


def _line(shape: Shape, loss: Callable[[Floats], tuple[float, Floats]], constant: float, signs: Sequence[int]) -> Line:
    ends = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
    bounds = [ends[sign] for _ in (0, 1) for sign in signs] + [(None, None)]
    start = np.append(np.zeros(2 * len(signs)), constant)
    # One thread: partial sums of several arrive in any order.
    with threadpool_limits(limits=1, user_api="blas"):
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS})
    return Line(shape, np.asarray(found.x[:-1]).reshape(2, len(signs)), float(found.x[-1]))


def _views(values: Floats) -> tuple[Floats, Floats]:
    size, side = np.abs(values), np.sign(values)
    return side * np.log1p(size), side * np.sqrt(size)
