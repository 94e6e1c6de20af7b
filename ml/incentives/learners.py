"""Three ways to learn what an incentive changes: T-learner and X-learner on trees, T-learner on regularised lines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge

from ml.boosting import Booster, BoostingPlan
from ml.incentives.lines import Line, line_from_json, line_to_json, standardiser
from ml.incentives.trial import Trial

Floats = npt.NDArray[np.float64]
CONVERSION, MARGIN = "conversion", "margin"
TARGETS: Final = (CONVERSION, MARGIN)
# Small trees and many customers a leaf: an effect is a tenth of the outcome's noise.
ROUNDS, LEAVES, RATE = 60, 4, 0.05
# Ridge's and the logit's penalty, in rows; an arm's differences from the common line bear APART^-2 times as much, its
# level hardly any.
PENALTY, APART, FREE = 30.0, 0.7, 10.0


class Effects(Protocol):
    """A fitted learner of one target."""

    def effects(self, matrix: Floats) -> Floats:
        """Expected change by each incentive, shape (rows, arms - 1)."""
        ...

    def files(self, prefix: str) -> dict[str, bytes]:
        """The model as files, names beginning with `prefix`."""
        ...


def outcome_of(trial: Trial, target: str) -> Floats:
    """The column a target means."""
    return trial.converted if target == CONVERSION else trial.margin


def plan_for(target: str, seed: int) -> BoostingPlan:
    """Size of the trees; conversion is a probability, margin an amount, effects are amounts too."""
    objective = "binary" if target == CONVERSION else "regression"
    return BoostingPlan(objective, rounds=ROUNDS, leaves=LEAVES, seed=seed, learning_rate=RATE)


class Outcomes(ABC):
    """A T-learner: an effect is a difference of two expected outcomes."""

    @abstractmethod
    def outcomes(self, matrix: Floats) -> Floats:
        """Expected outcome under each arm, shape (rows, arms)."""

    def effects(self, matrix: Floats) -> Floats:
        """Expected change by each incentive, shape (rows, arms - 1)."""
        found = self.outcomes(matrix)
        return np.asarray(found[:, 1:] - found[:, :1], dtype=np.float64)


class TreeOutcomes(Outcomes):
    """One boosted model an arm."""

    def __init__(self, boosters: list[Booster]) -> None:
        self._boosters = boosters

    @classmethod
    def fit(cls, trial: Trial, target: str, seed: int) -> TreeOutcomes:
        """One model an arm, each row counting 1 / propensity."""
        outcome, plan = outcome_of(trial, target), plan_for(target, seed)
        rows = [trial.arm == arm for arm in range(len(trial.arms))]
        return cls([Booster.fit(plan, trial.matrix[own], outcome[own], trial.weight[own]) for own in rows])

    def outcomes(self, matrix: Floats) -> Floats:
        """Expected outcome under each arm, shape (rows, arms)."""
        return np.column_stack([booster.predict(matrix) for booster in self._boosters])

    def files(self, prefix: str) -> dict[str, bytes]:
        """A text file an arm."""
        return {f"{prefix}.{arm}.txt": booster.to_bytes() for arm, booster in enumerate(self._boosters)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], prefix: str, arms: int) -> TreeOutcomes:
        """What `files` wrote."""
        return cls([Booster.from_bytes(files[f"{prefix}.{arm}.txt"]) for arm in range(arms)])


class CrossedEffects:
    """X-learner (Künzel et al. 2019): effects imputed from the other arm's model, learned, and averaged.

    The more of a pair's rows had the incentive, the more the model counts whose effects were imputed from those rows.
    """

    def __init__(self, pairs: list[tuple[Booster, Booster]], shares: list[float]) -> None:
        self._pairs, self._shares = pairs, shares

    @classmethod
    def fit(cls, trial: Trial, target: str, seed: int, first: TreeOutcomes | None = None) -> CrossedEffects:
        """`first`: outcome models of the same rows, fitted here where there are none."""
        outcome = outcome_of(trial, target)
        expected = (first or TreeOutcomes.fit(trial, target, seed)).outcomes(trial.matrix)
        plan, control = plan_for(MARGIN, seed), trial.arm == 0
        pairs, shares = [], []
        for arm in range(1, len(trial.arms)):
            own = trial.arm == arm
            gained, missed = outcome[own] - expected[own, 0], expected[control, arm] - outcome[control]
            pairs.append(
                (
                    Booster.fit(plan, trial.matrix[own], gained, trial.weight[own]),
                    Booster.fit(plan, trial.matrix[control], missed, trial.weight[control]),
                )
            )
            shares.append(float(own.sum() / (own.sum() + control.sum())))
        return cls(pairs, shares)

    def effects(self, matrix: Floats) -> Floats:
        """Expected change by each incentive, shape (rows, arms - 1)."""
        found = [
            share * missed.predict(matrix) + (1 - share) * gained.predict(matrix)
            for (gained, missed), share in zip(self._pairs, self._shares, strict=True)
        ]
        return np.column_stack(found)

    def files(self, prefix: str) -> dict[str, bytes]:
        """Two text files an incentive, and the shares."""
        found = {f"{prefix}.shares.txt": "\n".join(repr(share) for share in self._shares).encode()}
        for arm, (gained, missed) in enumerate(self._pairs, start=1):
            found |= {f"{prefix}.{arm}.gained.txt": gained.to_bytes(), f"{prefix}.{arm}.missed.txt": missed.to_bytes()}
        return found

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], prefix: str, arms: int) -> CrossedEffects:
        """What `files` wrote."""
        read = [
            tuple(Booster.from_bytes(files[f"{prefix}.{arm}.{part}.txt"]) for part in ("gained", "missed"))
            for arm in range(1, arms)
        ]
        shares = [float(line) for line in files[f"{prefix}.shares.txt"].decode().split()]
        return cls([(gained, missed) for gained, missed in read], shares)


class LineOutcomes(Outcomes):
    """On lines: a penalised logit an arm for conversion; for margin that times what a buyer leaves.

    The arms' lines are drawn towards the line of all arms together, since what they differ by is the smaller part.
    """

    def __init__(self, chances: list[Line], amounts: list[Line] | None) -> None:
        self._chances, self._amounts = chances, amounts

    @classmethod
    def fit(cls, trial: Trial, target: str, seed: int) -> LineOutcomes:  # noqa: ARG003  all learners are fitted alike
        """Columns are standardised once over all arms."""
        scale = standardiser(trial.matrix)
        chances = _chances(trial, scale)
        return cls(chances, None if target == CONVERSION else _amounts(trial, scale))

    def outcomes(self, matrix: Floats) -> Floats:
        """Expected outcome under each arm, shape (rows, arms)."""
        chance = np.column_stack(
            [1.0 / (1.0 + np.exp(-np.clip(line.apply(matrix), -30, 30))) for line in self._chances]
        )
        if self._amounts is None:
            return chance
        return chance * np.column_stack([line.apply(matrix) for line in self._amounts])

    def files(self, prefix: str) -> dict[str, bytes]:
        """One JSON file."""
        return {f"{prefix}.json": line_to_json(self._chances, self._amounts)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], prefix: str, arms: int) -> LineOutcomes:  # noqa: ARG003
        """What `files` wrote."""
        return cls(*line_from_json(files[f"{prefix}.json"]))


def _chances(trial: Trial, scale: Line) -> list[Line]:
    """One logit over all arms: common weights, and each arm's own differences under a heavier penalty."""
    columns, arms = scale.standardised(trial.matrix), len(trial.arms)
    own = trial.arm[:, None] == np.arange(arms)
    design = np.hstack([columns, FREE * own, *(APART * columns * own[:, [arm]] for arm in range(arms))])
    # Few columns and many rows: Newton needs 6 steps where L-BFGS takes 80.
    fitted = LogisticRegression(C=1.0 / PENALTY, solver="newton-cholesky", max_iter=100)
    weights = fitted.fit(design, trial.converted, sample_weight=_unit(trial.weight)).coef_[0]
    common, shifts, apart = np.split(weights, [columns.shape[1], columns.shape[1] + arms])
    each = common + APART * apart.reshape(arms, -1)
    return [scale.with_weights(each[arm], float(fitted.intercept_[0] + FREE * shifts[arm])) for arm in range(arms)]


def _amounts(trial: Trial, scale: Line) -> list[Line]:
    """What a buyer leaves: one ridge over all arms' buyers, and for each arm the straight line through it."""
    bought = trial.converted > 0
    arm, margin = trial.arm[bought], trial.margin[bought]
    columns, weight = scale.standardised(trial.matrix[bought]), _unit(trial.weight[bought])
    ridge = Ridge(alpha=PENALTY).fit(columns, margin, sample_weight=weight)
    usual = ridge.predict(columns)
    found = []
    for own in (arm == place for place in range(len(trial.arms))):
        slope, level = _through(usual[own], margin[own], weight[own])
        found.append(scale.with_weights(slope * ridge.coef_, float(level + slope * ridge.intercept_)))
    return found


def _through(x: Floats, y: Floats, weight: Floats) -> tuple[float, float]:
    """Slope and level of the weighted straight line; slope 0 where x does not vary."""
    middle, level = float(np.average(x, weights=weight)), float(np.average(y, weights=weight))
    spread = float(np.average((x - middle) ** 2, weights=weight))
    slope = float(np.average((x - middle) * (y - level), weights=weight)) / spread if spread > 1e-12 else 0.0
    return slope, level - slope * middle


def _unit(weight: Floats) -> Floats:
    return np.asarray(weight / weight.mean(), dtype=np.float64)


Fit = Callable[[Trial, str, int], Effects]
LEARNERS: Final[Mapping[str, Fit]] = {
    "t_learner_trees": TreeOutcomes.fit,
    "x_learner_trees": CrossedEffects.fit,
    "t_learner_lines": LineOutcomes.fit,
}
READERS: Final[Mapping[str, Callable[[Mapping[str, bytes], str, int], Effects]]] = {
    "t_learner_trees": TreeOutcomes.from_files,
    "x_learner_trees": CrossedEffects.from_files,
    "t_learner_lines": LineOutcomes.from_files,
}
