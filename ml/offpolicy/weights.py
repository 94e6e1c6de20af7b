"""How many exposures the weighted log is worth, and whether its weights look as weights must."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.offpolicy.intervals import error_of, mean_of
from ml.offpolicy.traffic import Floats, LoggedTraffic


class WeightCheck(NamedTuple):
    """`mean` must be 1 less `unsupported`; `tail_share` is what the heaviest hundredth of exposures holds of all
    weight, `by_action` each action's sum of 1/propensity over the exposures that could have drawn it (about 1)."""

    effective: float
    effective_share: float
    mean: float
    mean_error: float
    largest: float
    tail_share: float
    by_action: dict[str, float]


def effective_size(weight: Floats) -> float:
    """Kish's effective sample size: (sum of weights) squared over the sum of their squares."""
    squares = float((weight**2).sum())
    return 0.0 if squares == 0 else float(weight.sum()) ** 2 / squares


def check_weights(traffic: LoggedTraffic, weight: Floats) -> WeightCheck:
    """Diagnostics of finite weights."""
    mean = mean_of(weight, traffic.unit)
    heavy = np.sort(weight)[::-1][: max(1, len(weight) // 100)]
    total = float(weight.sum())
    size = effective_size(weight)
    return WeightCheck(
        effective=size,
        effective_share=size / len(weight),
        mean=mean.value,
        mean_error=error_of(mean.influence),
        largest=float(weight.max()),
        tail_share=float(heavy.sum()) / total if total else 0.0,
        by_action=inverse_shares(traffic),
    )


def inverse_shares(traffic: LoggedTraffic) -> dict[str, float]:
    """By action: sum of 1/propensity where it was shown, over the exposures in which it could be drawn."""
    found = {}
    for index, name in enumerate(traffic.actions):
        could = int(traffic.open[:, index].sum())
        shown = traffic.action == index
        if could and shown.any():
            found[name] = float((1.0 / traffic.propensity[shown]).sum() / could)
    return found
