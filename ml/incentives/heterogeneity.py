"""What held-out rows say of predicted effects: how large they are on average, and whether the differences are real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from ml.incentives.trial import Trial

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# What costs money must earn more than nothing beyond noise, one-sided at 5 %.
SURE = float(norm.ppf(0.95))


@dataclass(frozen=True)
class Calibration:
    """Effect = `mean` + `slope` x (prediction - centre), with the errors of both (Chernozhukov et al. 2018).

    Attributes:
        slope: 1 where predicted differences come true in full, 0 where they are noise.
        p_value: one-sided, that the slope is not above 0.
    """

    mean: float
    slope: float
    mean_variance: float
    slope_variance: float
    p_value: float

    @property
    def mean_error(self) -> float:
        """Standard error of the mean effect."""
        return float(np.sqrt(self.mean_variance))

    @property
    def may_be_offered(self) -> bool:
        """Whether it tells customers apart, or earns more than nothing over all, beyond noise."""
        return self.slope > 0 or self.is_sure

    @property
    def is_sure(self) -> bool:
        """Whether the mean effect is above 0 beyond noise."""
        return self.mean > SURE * self.mean_error

    def effect(self, distance: Floats) -> Floats:
        """Effect at predictions that lie so far from their mean."""
        return self.mean + self.slope * distance

    def error(self, distance: Floats) -> Floats:
        """Standard error of that effect."""
        return np.asarray(np.sqrt(self.mean_variance + self.slope_variance * distance**2), dtype=np.float64)

    def flat(self) -> Calibration:
        """Everybody's effect, whatever was predicted."""
        return Calibration(self.mean, 0.0, self.mean_variance, 0.0, self.p_value)


def robust_scores(trial: Trial, outcome: Floats, expected: Floats) -> Floats:
    """Doubly robust effect of each incentive on each row, shape (rows, arms - 1): noisy, but right on average.

    Args:
        expected: outcome under each arm by models that did not see the row's customer, shape (rows, arms). Whatever
            they say, known propensities keep the average right; good ones take noise away.
    """
    rows = np.arange(len(trial))
    surprise = trial.weight * (outcome - expected[rows, trial.arm])
    return np.column_stack(
        [
            expected[:, arm] - expected[:, 0] + surprise * (trial.arm == arm) - surprise * (trial.arm == 0)
            for arm in range(1, len(trial.arms))
        ]
    )


def calibrate(score: Floats, predicted: Floats, customer: Ints) -> Calibration:
    """Regress robust scores on held-out predictions; errors allow for rows of one customer going together."""
    distance = predicted - predicted.mean()
    design = np.column_stack([np.ones(len(score)), distance])
    if np.ptp(predicted) < 1e-9:
        mean = float(score.mean())
        return Calibration(mean, 0.0, _variance_of_mean(score - mean, customer), 0.0, 1.0)
    bread = np.linalg.inv(design.T @ design)
    weights = bread @ design.T @ score
    rest = design * (score - design @ weights)[:, None]
    sums = np.column_stack([np.bincount(customer, weights=rest[:, column]) for column in (0, 1)])
    cover = bread @ (sums.T @ sums) @ bread
    error = float(np.sqrt(cover[1, 1]))
    p_value = float(norm.sf(weights[1] / error)) if error > 0 else 1.0
    return Calibration(float(weights[0]), float(weights[1]), float(cover[0, 0]), float(cover[1, 1]), p_value)


def pooled(found: Sequence[Calibration]) -> Calibration:
    """Over repeated splits: means of the figures, medians of the p-values doubled, as that paper has it.

    The slope stays within 0 and 1.5: a split of half the rows may not turn an order round or blow it up.
    """
    slope = float(np.mean([one.slope for one in found]))
    between = float(np.var([one.slope for one in found]))
    return Calibration(
        mean=float(np.mean([one.mean for one in found])),
        slope=float(np.clip(slope, 0.0, 1.5)),
        mean_variance=float(np.mean([one.mean_variance for one in found])),
        slope_variance=float(np.mean([one.slope_variance for one in found])) + between,
        p_value=min(1.0, 2.0 * float(np.median([one.p_value for one in found]))),
    )


def _variance_of_mean(rest: Floats, customer: Ints) -> float:
    sums = np.bincount(customer, weights=rest)
    return float((sums**2).sum()) / len(rest) ** 2
