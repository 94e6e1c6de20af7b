"""How likely each arm is the best of its cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ml.bandit.beta import probability_best_beta
from ml.bandit.effects import Posterior
from ml.bandit.learn import Learned

Floats = npt.NDArray[np.float64]

# A rate this high is several events an impression; keeps a cell that nothing is known of from an infinite mean.
HIGHEST_LOG_RATE = 1.0


def value_draws(
    learned: Learned, objective: dict[str, float], exposure_cost: Floats, count: int, generator: np.random.Generator
) -> Floats:
    """Draws of what an impression is worth, in currency units or events, shape (count, U).

    Margin is the chance of a conversion times what it brings, less the known cost of the incentive and of the
    impression itself.

    Args:
        exposure_cost: known cost of one impression, shape (U,).
    """
    rates = {
        metric: np.exp(np.minimum(posterior.draws(count, generator), HIGHEST_LOG_RATE))
        for metric, posterior in learned.rates.items()
    }
    worth = np.zeros((count, exposure_cost.size))
    for metric, weight in objective.items():
        if metric in ("margin", "revenue"):
            worth += weight * rates["conversion"] * _amount(learned, metric, count, generator)
        elif metric == "ltv_change":
            worth += weight * _drawn(learned.lifetime, count, generator)
        else:
            worth += weight * rates[metric]
    return np.asarray(worth - objective.get("margin", 0.0) * exposure_cost, dtype=np.float64)


def shares_of_best(values: Floats) -> Floats:
    """How often each arm has the largest value, shape (..., K) from (draws, ..., K)."""
    best = values.argmax(axis=-1)
    arms = values.shape[-1]
    return np.stack([(best == arm).mean(axis=0) for arm in range(arms)], axis=-1)


def exact_shares(events: Floats, exposures: Floats, is_lower_better: bool) -> Floats:
    """P(best) by cell under independent Beta(1 + events, 1 + others) posteriors, shape (C, K)."""
    alpha, beta = 1.0 + events, 1.0 + np.maximum(exposures - events, 0.0)
    if is_lower_better:
        alpha, beta = beta, alpha
    return np.stack([probability_best_beta(a, b) for a, b in zip(alpha, beta, strict=True)])


def everyone(values: Floats, traffic: Sequence[float] | Floats) -> Floats:
    """Value of each arm over all cells by their traffic, shape (draws, K) from (draws, C, K)."""
    share = np.asarray(traffic, dtype=np.float64)
    share = np.ones(share.size) if share.sum() <= 0 else share
    return np.asarray(np.einsum("dck,c->dk", values, share / share.sum()), dtype=np.float64)


def _amount(learned: Learned, metric: str, count: int, generator: np.random.Generator) -> Floats:
    if metric == "revenue":
        return _drawn(learned.revenue, count, generator)
    return _drawn(learned.gross, count, generator) - learned.cost


def _drawn(posterior: Posterior | None, count: int, generator: np.random.Generator) -> Floats:
    if posterior is None:
        raise ValueError("an amount was asked for that was not fitted")
    return posterior.draws(count, generator)
