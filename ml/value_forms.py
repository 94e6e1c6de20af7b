"""Two forms of a spend model, and the choice between them: neither wins at every shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ml.boosting import Booster, BoostingPlan
from ml.evaluation import decile_error, normalised_gini, total_ratio

Floats = npt.NDArray[np.float64]
# Fewer buyers carry no model of amounts; all of one kind carry no model of buying.
LEAST_BUYERS = 20


class SpendForm(Protocol):
    """A fitted mean: money in expectation, not below 0."""

    def predict(self, matrix: Floats) -> Floats:
        """Expected spend a row."""
        ...

    def gains(self) -> Floats:
        """Share of the loss reduction that each feature brought."""
        ...

    def files(self) -> dict[str, bytes]:
        """Everything that `form_from_files` needs."""
        ...


@dataclass(frozen=True)
class Tweedie:
    """One model of power 1.3: many zeros and a long tail."""

    mean: Booster

    @classmethod
    def fit(cls, matrix: Floats, spend: Floats, signs: tuple[int, ...], seed: int) -> Tweedie:
        """Train on all rows."""
        plan = BoostingPlan("tweedie", rounds=200, leaves=15, seed=seed, variance_power=1.3, monotone=signs)
        return cls(Booster.fit(plan, matrix, spend))

    def predict(self, matrix: Floats) -> Floats:
        """Expected spend a row."""
        return self.mean.predict(matrix)

    def gains(self) -> Floats:
        """As of the booster."""
        return self.mean.gains()

    def files(self) -> dict[str, bytes]:
        """LightGBM's text."""
        return {"value_mean_lightgbm.txt": self.mean.to_bytes()}


@dataclass(frozen=True)
class TwoPart:
    """Probability of any spend times the amount of those who spend (gamma)."""

    buys: Booster
    amount: Booster

    @classmethod
    def fit(cls, matrix: Floats, spend: Floats, signs: tuple[int, ...], seed: int) -> TwoPart:
        """Train on all rows, and on those of buyers."""
        bought = spend > 0
        buys = BoostingPlan("binary", rounds=200, leaves=5, seed=seed, learning_rate=0.04, monotone=signs)
        amount = BoostingPlan("gamma", rounds=200, leaves=15, seed=seed, monotone=signs)
        return cls(
            Booster.fit(buys, matrix, bought.astype(np.float64)), Booster.fit(amount, matrix[bought], spend[bought])
        )

    def predict(self, matrix: Floats) -> Floats:
        """Expected spend a row."""
        return self.buys.predict(matrix) * self.amount.predict(matrix)

    def gains(self) -> Floats:
        """Mean of both parts."""
        return (self.buys.gains() + self.amount.gains()) / 2.0

    def files(self) -> dict[str, bytes]:
        """LightGBM's text of both parts."""
        return {"value_buys_lightgbm.txt": self.buys.to_bytes(), "value_amount_lightgbm.txt": self.amount.to_bytes()}


FORMS: dict[str, type[Tweedie] | type[TwoPart]] = {"tweedie": Tweedie, "two_part": TwoPart}


def form_from_files(files: Mapping[str, bytes]) -> SpendForm:
    """The form that was stored."""
    if "value_mean_lightgbm.txt" in files:
        return Tweedie(Booster.from_bytes(files["value_mean_lightgbm.txt"]))
    return TwoPart(*(Booster.from_bytes(files[f"value_{part}_lightgbm.txt"]) for part in ("buys", "amount")))


def form_loss(spend: Floats, guess: Floats) -> float:
    """Ranking, level and shape in one figure, all shares: (1 - normalised Gini) + |total ratio - 1| + decile error."""
    level = abs(total_ratio(spend, guess) - 1.0)
    return 1.0 - normalised_gini(spend, guess) + level + decile_error(spend, guess)


def choose_form(
    matrix: Floats, spend: Floats, half: npt.NDArray[np.bool_], signs: tuple[int, ...], seed: int
) -> tuple[str, dict[str, float]]:
    """The form with the smaller loss on rows it did not see, each half of the cohorts once; and both losses.

    Tweedie, the simpler, where a half has fewer than 20 buyers or no one without spend.
    """
    bought = spend > 0
    if min(min(bought[part].sum(), (~bought[part]).sum()) for part in (half, ~half)) < LEAST_BUYERS:
        return "tweedie", {}
    losses: dict[str, float] = {}
    for name, form in FORMS.items():
        guess = np.empty(len(spend), dtype=np.float64)
        for held in (half, ~half):
            guess[held] = form.fit(matrix[~held], spend[~held], signs, seed).predict(matrix[held])
        losses[name] = form_loss(spend, guess)
    return min(losses, key=lambda name: losses[name]), losses
