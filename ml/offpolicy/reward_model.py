"""What an exposure of each action is worth, learned on other people than those it is used on."""

from __future__ import annotations

import numpy as np

from ml.offpolicy.traffic import Floats, Ints, LoggedTraffic

FOLDS = 5
# Weight of the fit over all actions in that of one action, in exposures.
_POOLED = 20.0
# A single huge order must not bend the model; the estimators themselves take rewards as they are.
_CLIPPED = 0.999


def predicted_rewards(traffic: LoggedTraffic, seed: int, folds: int = FOLDS) -> Floats:
    """Expected reward of every action at every exposure, shape (n, K), cross-fitted by person.

    Ridge regression of each action on the features, shrunk towards the regression over all actions: rarely shown
    actions borrow what is common. Doubly robust estimates stay right when it is wrong; it only narrows them.
    """
    people = int(traffic.unit.max()) + 1
    fold = np.random.default_rng(seed).permutation(people) % folds
    of_row = fold[traffic.unit]
    matrix = _design(traffic.features)
    target = _clipped(traffic.reward)
    found = np.empty((len(traffic), len(traffic.actions)))
    for number in range(folds):
        inside, outside = of_row == number, of_row != number
        if not inside.any():
            continue
        if not outside.any():
            found[inside] = 0.0
            continue
        fits = _fits(matrix[outside], target[outside], traffic.action[outside], len(traffic.actions))
        found[inside] = matrix[inside] @ fits
    return found


def _design(features: Floats) -> Floats:
    """A column of ones and the features, centred and scaled; constant ones are left out."""
    filled = np.where(np.isfinite(features), features, 0.0)
    spread = filled.std(axis=0) if len(filled) else np.zeros(filled.shape[1])
    useful = spread > 0
    scaled = (filled[:, useful] - filled[:, useful].mean(axis=0)) / spread[useful]
    return np.column_stack([np.ones(len(filled)), scaled])


def _clipped(reward: Floats) -> Floats:
    low, high = np.quantile(reward, [1.0 - _CLIPPED, _CLIPPED])
    return np.clip(reward, low, high)


def _fits(matrix: Floats, target: Floats, action: Ints, actions: int) -> Floats:
    """Coefficients by action, shape (D + 1, K)."""
    width = matrix.shape[1]
    penalty = np.eye(width)
    penalty[0, 0] = 1e-9
    pooled = np.linalg.solve(matrix.T @ matrix + penalty, matrix.T @ target)
    rest = target - matrix @ pooled
    found = np.empty((width, actions))
    for index in range(actions):
        rows = action == index
        own = matrix[rows]
        found[:, index] = pooled + np.linalg.solve(own.T @ own + _POOLED * np.eye(width), own.T @ rest[rows])
    return found
