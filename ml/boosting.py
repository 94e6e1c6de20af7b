"""LightGBM with everything fixed that could make two runs differ."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import lightgbm
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]
Folds = npt.NDArray[np.int64]
# A second thread waits by spinning: at 300,000 rows on a busy machine two cost three times the CPU time of one. Folds
# run beside each other instead, each on a thread of its own.
THREADS = 1
FOLDS_AT_ONCE = 2


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

    def parameters(self) -> dict[str, Any]:
        """LightGBM's parameters; one thread, since sums differ in the last digit with their number."""
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
            # Half the time of row-wise histograms at 10,000 rows, the same at 300,000.
            "force_col_wise": True,
            "num_threads": THREADS,
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
    def fit(cls, plan: BoostingPlan, matrix: Floats, target: Floats, weight: Floats | None = None) -> Booster:
        """Train on shape (rows, features) and (rows,); `weight` counts rows unequally, default all alike."""
        data = lightgbm.Dataset(matrix, label=target, weight=weight, params={"verbosity": -1})
        return cls(lightgbm.train(plan.parameters(), data, num_boost_round=plan.rounds))

    def predict(self, matrix: Floats) -> Floats:
        """Prediction a row, on the scale of the target."""
        if len(matrix) == 0:
            return np.zeros(0, dtype=np.float64)
        return np.asarray(self._model.predict(matrix, num_threads=THREADS), dtype=np.float64)

    def gains(self) -> Floats:
        """Share of the loss reduction that each feature brought, summing to 1 (all 0 when no tree split)."""
        gain = np.asarray(self._model.feature_importance("gain"), dtype=np.float64)
        return gain / gain.sum() if gain.sum() > 0 else gain

    def contributions(self, matrix: Floats) -> Floats:
        """SHAP values on the scale of the raw score, shape of `matrix`; the constant is left out."""
        found = self._model.predict(matrix, pred_contrib=True, num_threads=THREADS)
        return np.asarray(found, dtype=np.float64)[:, :-1]

    def to_bytes(self) -> bytes:
        """LightGBM's text format."""
        return str(self._model.model_to_string()).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Booster:
        """The model that `to_bytes` wrote."""
        return cls(lightgbm.Booster(model_str=text.decode()))


class Predicts(Protocol):
    """Anything fitted that answers rows."""

    def predict(self, matrix: Floats) -> Floats:
        """Prediction a row."""
        ...


def out_of_fold(fit: Callable[[Floats, Floats], Predicts], matrix: Floats, target: Floats, folds: Folds) -> Floats:
    """Predictions of each row by a model that never saw its customer; folds are fitted two at a time."""

    def guess(held: npt.NDArray[np.bool_]) -> Floats:
        rest = ~held if (~held).any() else held
        return fit(matrix[rest], target[rest]).predict(matrix[held])

    guesses = np.empty(len(target), dtype=np.float64)
    held_out = [folds == fold for fold in np.unique(folds)]
    # The limit is the process's own: what two folds set and restore beside each other would come and go.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(max_workers=FOLDS_AT_ONCE) as pool:
        for held, found in zip(held_out, pool.map(guess, held_out), strict=True):
            guesses[held] = found
    return guesses
