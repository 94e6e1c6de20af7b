"""LightGBM with everything fixed that could make two runs differ."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Folds = npt.NDArray[np.int64]
# Below this a second thread waits more than it works: on a busy machine small frames train five times faster with one.
ROWS_FOR_TWO_THREADS = 50_000


@dataclass(frozen=True)
class BoostingPlan:
    """Objective and size of one boosted model.

    Defaults: tuned once on cut-offs before the judging one; half the features and 70 % of the rows a tree, L1 0.5
    and L2 5, at least 40 customers a leaf, because quarterly labels are few and noisy. 63 bins a feature rank as well
    as 255 and take a third less time. `monotone`: a sign a feature, see `ml.monotone`.
    """

    objective: str
    rounds: int
    leaves: int
    seed: int
    alpha: float | None = None
    variance_power: float | None = None
    learning_rate: float = 0.03
    monotone: tuple[int, ...] = ()

    def parameters(self, rows: int) -> dict[str, Any]:
        """LightGBM's parameters; the thread count follows the data, since sums differ in the last digit with it."""
        chosen: dict[str, Any] = {
            "objective": self.objective,
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": 40,
            "max_bin": 63,
            "lambda_l1": 0.5,
            "lambda_l2": 5.0,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": _threads(rows),
            "verbosity": -1,
        }
        optional: dict[str, Any] = {"alpha": self.alpha, "tweedie_variance_power": self.variance_power}
        if any(self.monotone):
            # The default method holds whole subtrees back: 0.002 of Gini on two shops.
            optional |= {"monotone_constraints": self.monotone, "monotone_constraints_method": "intermediate"}
        return chosen | {name: value for name, value in optional.items() if value is not None}


class Booster:
    """A fitted model: matrix in (NaN = missing), finite column out, text in between."""

    def __init__(self, model: lightgbm.Booster) -> None:
        self._model = model

    @classmethod
    def fit(cls, plan: BoostingPlan, matrix: Floats, target: Floats) -> Booster:
        """Train on shape (rows, features) and (rows,)."""
        data = lightgbm.Dataset(matrix, label=target, params={"verbosity": -1})
        return cls(lightgbm.train(plan.parameters(len(matrix)), data, num_boost_round=plan.rounds))

    def predict(self, matrix: Floats) -> Floats:
        """Prediction a row, on the scale of the target."""
        if len(matrix) == 0:
            return np.zeros(0, dtype=np.float64)
        return np.asarray(self._model.predict(matrix, num_threads=_threads(len(matrix))), dtype=np.float64)

    def gains(self) -> Floats:
        """Share of the loss reduction that each feature brought, summing to 1 (all 0 when no tree split)."""
        gain = np.asarray(self._model.feature_importance("gain"), dtype=np.float64)
        return gain / gain.sum() if gain.sum() > 0 else gain

    def contributions(self, matrix: Floats) -> Floats:
        """SHAP values on the scale of the raw score, shape of `matrix`; the constant is left out."""
        found = self._model.predict(matrix, pred_contrib=True, num_threads=_threads(len(matrix)))
        return np.asarray(found, dtype=np.float64)[:, :-1]

    def to_bytes(self) -> bytes:
        """LightGBM's text format."""
        return str(self._model.model_to_string()).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Booster:
        """The model that `to_bytes` wrote."""
        return cls(lightgbm.Booster(model_str=text.decode()))


def _threads(rows: int) -> int:
    return 1 if rows < ROWS_FOR_TWO_THREADS else 2


def out_of_fold(fit: Callable[[Floats, Floats], Booster], matrix: Floats, target: Floats, folds: Folds) -> Floats:
    """Predictions of each row by a model that never saw its customer; small folds are fitted two at a time."""

    def guess(held: npt.NDArray[np.bool_]) -> Floats:
        rest = ~held if (~held).any() else held
        return fit(matrix[rest], target[rest]).predict(matrix[held])

    guesses = np.empty(len(target), dtype=np.float64)
    held_out = [folds == fold for fold in np.unique(folds)]
    with ThreadPoolExecutor(max_workers=2 // _threads(len(matrix))) as pool:
        for held, found in zip(held_out, pool.map(guess, held_out), strict=True):
            guesses[held] = found
    return guesses
