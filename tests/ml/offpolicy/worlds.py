"""Small logs whose true values are known by enumeration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ml.offpolicy import LoggedTraffic

Floats = npt.NDArray[np.float64]
ACTIONS = ("a", "b", "c")
LOGGING = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
"""Probabilities by segment."""
WORTH = np.array([[1.0, 2.0, 0.5], [3.0, 1.0, 2.0]])
"""Expected reward by segment and action; segments are equally likely."""


def true_value(policy: Floats) -> float:
    """Expected reward of an exposure, by enumeration."""
    return float((policy * WORTH).sum(axis=1).mean())


def log(policy: Floats, people: int, seed: int, visits: int = 1, noise: float = 1.0) -> LoggedTraffic:
    """People who keep their first action; half of them are of segment 0."""
    random = np.random.default_rng(seed)
    unit = np.repeat(np.arange(people), visits)
    segment = unit % 2
    u = random.random(people)[unit]
    rows = LOGGING[segment]
    action = np.minimum((u[:, None] >= rows.cumsum(axis=1)).sum(axis=1), 2)
    reward = WORTH[segment, action] + noise * random.normal(size=len(unit))
    return traffic(unit, segment, action, reward, rows, policy[segment])


def traffic(
    unit: npt.NDArray[np.int64],
    segment: npt.NDArray[np.int64],
    action: npt.NDArray[np.int64],
    reward: Floats,
    rows: Floats,
    candidate: Floats,
) -> LoggedTraffic:
    """Arrays as the estimators take them, with whole rows."""
    n = len(unit)
    return LoggedTraffic(
        ACTIONS,
        unit.astype(np.int64),
        action.astype(np.int64),
        reward,
        rows[np.arange(n), action],
        candidate,
        np.column_stack([segment == 0, segment == 1]).astype(np.float64),
        rows,
        np.ones((n, len(ACTIONS)), dtype=np.bool_),
        np.zeros(n, dtype=np.bool_),
        {"segment": segment.astype(str)},
    )
