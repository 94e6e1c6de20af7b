"""The uplift model of one placement: expected effect of each incentive on a customer, and which one to give."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.incentives.choice import REPEATS, choose, sampled
from ml.incentives.heterogeneity import Calibration
from ml.incentives.learners import CONVERSION, LEARNERS, MARGIN, READERS, TARGETS, Effects
from ml.incentives.lines import Line, standardiser
from ml.incentives.trial import Trial, read_trial
from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]
FILE: Final = "model.json"
# Final fits take every row up to a million offers; about as many customers.
MOST_CUSTOMERS: Final = 1_000_000
# A plane through predictions of this many customers says as well as one through all what drives them.
MOST_EXPLAINED: Final = 20_000


@dataclass(frozen=True)
class UpliftModel:
    """Fitted learners with what held-out rows said of them.

    Attributes:
        arms: the plain one first.
        centres: target → mean prediction of each incentive on the training rows.
        drivers: incentive → weight of each standardised feature in its predicted effect on margin.
        metrics: competitor → figures over repeated splits.
        refused: arm → why it is not among `arms`.
    """

    features: tuple[str, ...]
    arms: tuple[str, ...]
    learner: str
    by_customer: bool
    reason: str
    calibrations: Mapping[str, list[Calibration]]
    centres: Mapping[str, list[float]]
    scale: Line
    drivers: list[list[float]]
    models: Mapping[str, Effects]
    metrics: Mapping[str, Mapping[str, float]]
    refused: Mapping[str, str]
    left_out: Mapping[str, int]
    offers: int

    @property
    def best_for_all(self) -> str:
        """The incentive that earns most over all, if more than nothing beyond noise; else the plain arm."""
        ranked = sorted(zip(self.calibrations[MARGIN], self.arms[1:], strict=True), key=lambda pair: -pair[0].mean)
        return next((name for one, name in ranked if one.is_sure), self.arms[0])

    def effects(self, frame: pd.DataFrame) -> dict[str, tuple[Floats, Floats]]:
        """Target → (effect, standard error) of each incentive, shape (rows, arms - 1)."""
        matrix = numbers(frame, self.features)
        unknown = ~np.isfinite(matrix).any(axis=1)
        found = {}
        for target in TARGETS:
            distance = self.models[target].effects(matrix) - np.asarray(self.centres[target])
            distance[unknown] = 0.0
            pairs = list(enumerate(self.calibrations[target]))
            effect = np.column_stack([one.effect(distance[:, arm]) for arm, one in pairs])
            error = np.column_stack([one.error(distance[:, arm]) for arm, one in pairs])
            found[target] = (np.clip(effect, -1.0, 1.0) if target == CONVERSION else effect, error)
        return found

    def recommended(self, margin: Floats, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Place of the recommended arm, 0 is the plain one."""
        everybody = self.arms.index(self.best_for_all)
        offered = np.where([one.may_be_offered for one in self.calibrations[MARGIN]], margin, -np.inf)
        top = offered.argmax(axis=1)
        own = np.where(offered[np.arange(len(top)), top] > 0, top + 1, 0)
        return np.where(known & self.by_customer, own, everybody).astype(np.int64)

    def files(self) -> dict[str, bytes]:
        """JSON and LightGBM's text."""
        names = ("features", "arms", "learner", "by_customer", "reason", "centres", "drivers", "metrics", "refused")
        body: dict[str, Any] = {name: getattr(self, name) for name in (*names, "left_out", "offers")}
        body["calibrations"] = {name: [asdict(one) for one in found] for name, found in self.calibrations.items()}
        body["scale"] = asdict(self.scale)
        models = {name: text for target in TARGETS for name, text in self.models[target].files(target).items()}
        return {FILE: json.dumps(body, sort_keys=True, indent=1).encode(), **models}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> UpliftModel:
        """What `files` wrote."""
        body: dict[str, Any] = json.loads(files[FILE])
        read, arms = READERS[body["learner"]], tuple(body["arms"])
        scale: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in body["scale"].items()
        }
        built: dict[str, Any] = {
            "features": tuple(body["features"]),
            "arms": arms,
            "calibrations": {
                name: [Calibration(**one) for one in found] for name, found in body["calibrations"].items()
            },
            "scale": Line(**scale),
            "models": {target: read(files, target, len(arms)) for target in TARGETS},
        }
        return cls(**(body | built))


def train_uplift(
    frame: pd.DataFrame, features: Sequence[str], *, plain: str | None, seed: int, repeats: int = REPEATS
) -> UpliftModel:
    """Check the log, judge the learners, fit the best one on everything.

    Args:
        frame, features, plain: see `read_trial`.
        repeats: times the customers are split into halves for judging.

    Raises:
        NotTrainable: the log cannot carry a comparison.
    """
    trial = read_trial(frame, features, plain)
    choice = choose(trial, seed, repeats)
    taught = sampled(trial, MOST_CUSTOMERS)
    models = {target: LEARNERS[choice.learner](taught, target, seed) for target in TARGETS}
    predicted = {target: models[target].effects(taught.matrix) for target in TARGETS}
    scale = standardiser(taught.matrix)
    return UpliftModel(
        features=trial.features,
        arms=trial.arms,
        learner=choice.learner,
        by_customer=choice.by_customer,
        reason=choice.reason,
        calibrations=choice.calibrations,
        centres={target: [float(value) for value in found.mean(axis=0)] for target, found in predicted.items()},
        scale=scale,
        drivers=_drivers(taught, predicted[MARGIN], scale),
        models=models,
        metrics=choice.metrics,
        refused=trial.refused,
        left_out=trial.left_out,
        offers=len(trial),
    )


def _drivers(trial: Trial, effects: Floats, scale: Line) -> list[list[float]]:
    """The plane nearest to the predictions; a tenth of ridge, so that like columns share their weight."""
    step = -(-len(trial) // MOST_EXPLAINED)
    columns, centred = scale.standardised(trial.matrix[::step]), effects[::step] - effects[::step].mean(axis=0)
    square = columns.T @ columns + 0.1 * len(columns) * np.eye(columns.shape[1])
    weights = np.linalg.solve(square, columns.T @ centred)
    return [[float(value) for value in column] for column in weights.T]
