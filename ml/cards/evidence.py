"""Figures behind the pictures of a model card; small enough to be stored with the version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.champion.verdict import resamples, spread

Floats = npt.NDArray[np.float64]
GROUPS: Final = 10
POINTS: Final = 201
# Of a 95 % interval of a share (Wilson 1927).
Z: Final = 1.959964
INTERVAL_RESAMPLES: Final = 100


class Group(NamedTuple):
    """Customers with similar scores: what was promised, and what came, with the 95 % interval of what came."""

    promised: float
    observed: float
    low: float
    high: float
    customers: int


class Decile(NamedTuple):
    """A tenth of the customers, the highest scores first; `lift` is their mean over everybody's (0 without any)."""

    predicted: float
    actual: float
    lift: float
    share_of_total: float
    customers: int


def calibration_groups(truth: Floats, probability: Floats) -> list[Group]:
    """Ten groups of equal size by probability, lowest first; fewer where there are fewer rows."""
    order = np.argsort(probability, kind="stable")
    groups = np.array_split(order, min(GROUPS, len(order)))
    return [_group(truth[rows], probability[rows]) for rows in groups]


def _group(truth: Floats, probability: Floats) -> Group:
    n, share = len(truth), float(truth.mean())
    middle, width = share + Z**2 / (2 * n), Z * float(np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)))
    scale = 1 + Z**2 / n
    return Group(float(probability.mean()), share, (middle - width) / scale, (middle + width) / scale, n)


def deciles(truth: Floats, guess: Floats) -> list[Decile]:
    """Tenths of the customers by score, highest first."""
    order = np.argsort(-guess, kind="stable")
    mean, total = float(truth.mean()), float(truth.sum())
    return [
        Decile(
            float(guess[rows].mean()),
            float(truth[rows].mean()),
            float(truth[rows].mean()) / mean if mean > 0 else 0.0,
            float(truth[rows].sum()) / total if total > 0 else 0.0,
            len(rows),
        )
        for rows in np.array_split(order, min(GROUPS, len(order)))
    ]


def metric_intervals(
    truth: Floats, guesses: Mapping[str, Floats], metrics: Callable[[Floats, Floats], Mapping[str, float]], seed: int
) -> dict[str, dict[str, tuple[float, float]]]:
    """95 % bootstrap interval of each metric of each competitor; the same resamples for all of them."""
    drawn: dict[str, list[Mapping[str, float]]] = {name: [] for name in guesses}
    for rows in resamples(len(truth), seed, INTERVAL_RESAMPLES):
        for name, guess in guesses.items():
            try:
                drawn[name].append(metrics(truth[rows], guess[rows]))
            except ValueError:
                # One class only: this resample tells nothing.
                continue
    return {
        name: {
            metric: spread(np.array([one[metric] for one in values]), figure, len(truth))
            for metric, figure in metrics(truth, guesses[name]).items()
        }
        for name, values in drawn.items()
        if values
    }


def score_points(scores: Floats) -> list[float]:
    """Quantiles of scores from the least to the largest in even steps: a sample small enough to be kept; empty: []."""
    return [float(value) for value in np.quantile(scores, np.linspace(0, 1, POINTS))] if len(scores) else []
