"""Logged exposures with what a candidate would have done at each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.str_]

# Rows of probabilities come from the decision log, written with all digits of a double.
ROW_SUM_TOLERANCE = 1e-6


class OffPolicyError(ValueError):
    """The log cannot be evaluated at all; names field, value and bound."""


@dataclass(frozen=True)
class LoggedTraffic:
    """n exposures of one placement with K actions, in the order in which they were shown.

    Attributes:
        actions: names, K of them.
        unit: code of the person of each exposure, 0 to G-1; exposures of one person are not independent.
        action: index of the action shown.
        reward: what came of the exposure, for example margin in the shop's currency.
        propensity: probability with which the action was drawn, as logged; NaN where the log has none.
        candidate: probabilities of the candidate policy there, shape (n, K), each row adds up to 1.
        features: what was known before the draw, shape (n, D), for the reward model.
        logged: the whole row of probabilities it was drawn from, shape (n, K); NaN in rows that the log does not tell.
        open: which actions could be drawn, shape (n, K).
        as_logged: rows in which the candidate does what the log did; their `candidate` is not read.
        slices: attribute → label of each exposure, known before the draw.
    """

    actions: tuple[str, ...]
    unit: Ints
    action: Ints
    reward: Floats
    propensity: Floats
    candidate: Floats
    features: Floats
    logged: Floats
    open: Bools
    as_logged: Bools
    slices: Mapping[str, Labels] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n, k = len(self.unit), len(self.actions)
        shapes = {"candidate": self.candidate, "logged": self.logged, "open": self.open}
        for name, table in shapes.items():
            if table.shape != (n, k):
                raise OffPolicyError(f"{name}: shape {table.shape} must be ({n}, {k})")
        for name in ("action", "reward", "propensity", "as_logged", "features"):
            if len(getattr(self, name)) != n:
                raise OffPolicyError(f"{name}: {len(getattr(self, name))} rows must be {n}")
        _check_values(self)

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def told(self) -> Bools:
        """Exposures of which the log tells the whole row of probabilities."""
        return np.asarray(np.isfinite(self.logged).all(axis=1), dtype=np.bool_)

    @property
    def taken(self) -> Ints:
        """Row numbers, to index tables of shape (n, K) together with `action`."""
        return np.arange(len(self.unit), dtype=np.int64)

    def only(self, kept: Bools) -> LoggedTraffic:
        """The exposures of a mask, persons numbered again."""
        _, unit = np.unique(self.unit[kept], return_inverse=True)
        return LoggedTraffic(
            self.actions,
            unit.astype(np.int64),
            self.action[kept],
            self.reward[kept],
            self.propensity[kept],
            self.candidate[kept],
            self.features[kept],
            self.logged[kept],
            self.open[kept],
            self.as_logged[kept],
            {name: labels[kept] for name, labels in self.slices.items()},
        )


@dataclass(frozen=True)
class Draws:
    """Draws of one or more experiments, one row an exposure.

    Attributes:
        stream: the experiment (or placement) that drew.
        unit: for whom.
        u: the number drawn, in [0, 1).
        within: where u lies in the interval of the action shown, 0 to below 1, so blind to anything; outside of that
            where u does not give the action that was shown, NaN where the log does not tell the intervals.
        action: code of the action shown.
        outcome: the reward that followed, NaN where none is known.
    """

    stream: Labels
    unit: Labels
    u: Floats
    within: Floats
    action: Ints
    outcome: Floats


def _check_values(traffic: LoggedTraffic) -> None:
    bad = ~np.isfinite(traffic.reward)
    if bad.any():
        raise OffPolicyError(
            f"reward: {traffic.reward[bad][0]} in {int(bad.sum())} exposures; a finite number is needed"
        )
    outside = (traffic.action < 0) | (traffic.action >= len(traffic.actions))
    if outside.any():
        raise OffPolicyError(f"action: index {traffic.action[outside][0]} must be 0 to {len(traffic.actions) - 1}")
    rows = traffic.candidate[~traffic.as_logged]
    if rows.size and (not np.isfinite(rows).all() or rows.min() < 0 or rows.max() > 1 + ROW_SUM_TOLERANCE):
        wrong = rows[~((rows >= 0) & (rows <= 1 + ROW_SUM_TOLERANCE))][0]
        raise OffPolicyError(f"candidate: probability {wrong:g} must be 0 to 1")
    off = np.abs(rows.sum(axis=1) - 1.0) > ROW_SUM_TOLERANCE
    if off.any():
        raise OffPolicyError(f"candidate: a row adds up to {rows.sum(axis=1)[off][0]:.6f}, must be 1")
