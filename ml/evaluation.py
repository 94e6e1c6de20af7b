"""Figures that say how good a score is; plain numpy, each defined by its docstring."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]


class Coverage(NamedTuple):
    """How often an interval held the truth, and how wide it was on average (units of the target)."""

    share: float
    mean_width: float


def roc_auc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Probability that a positive outranks a negative, ties counting half.

    Raises:
        ValueError: only one class is present.
    """
    y, s = _pair(labels, scores)
    positives = int(y.sum())
    negatives = len(y) - positives
    if positives == 0 or negatives == 0:
        raise ValueError(f"labels: {positives} positives and {negatives} negatives; both must be at least 1")
    ranks = rankdata(s)
    return float((ranks[y > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def pr_auc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Average precision: precision at each score level weighted by the recall gained there.

    Raises:
        ValueError: no positive is present.
    """
    y, s = _pair(labels, scores)
    if y.sum() == 0:
        raise ValueError("labels: 0 positives; at least 1 is needed")
    order = np.argsort(-s, kind="stable")
    hits = np.cumsum(y[order])
    last = np.append(np.diff(s[order]) != 0, True)
    precision = hits[last] / (np.flatnonzero(last) + 1)
    recall = hits[last] / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def brier(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Mean squared distance between probability and outcome; lower is better."""
    y, p = _pair(labels, probabilities)
    return float(np.mean((p - y) ** 2))


def expected_calibration_error(labels: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = 10) -> float:
    """Gap between promised and observed rate, averaged over `bins` groups of equal size."""
    y, p = _pair(labels, probabilities)
    groups = np.array_split(np.argsort(p, kind="stable"), min(bins, len(p)))
    return float(sum(abs(p[group].mean() - y[group].mean()) * len(group) for group in groups) / len(p))


def normalised_gini(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Gini of the truth ordered by prediction over that of the truth ordered by itself: 1 perfect, 0 random.

    Customers with the same prediction share their truth evenly, so ties earn nothing. 0 where all truths are equal.
    """
    y, p = _pair(actual, predicted)
    best = _gini(y, y)
    return float(_gini(y, p) / best) if best > 0 else 0.0


def _gini(actual: Floats, ordering: Floats) -> float:
    total = actual.sum()
    if total <= 0:
        return 0.0
    _, group, counts = np.unique(-ordering, return_inverse=True, return_counts=True)
    even = (np.bincount(group, weights=actual) / counts)[np.sort(group)]
    n = len(actual)
    return float((np.cumsum(even).sum() / total - (n + 1) / 2) / n)


def spearman(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Rank correlation, ties averaged; 0 where either side is constant."""
    y, p = _pair(actual, predicted)
    a, b = rankdata(y), rankdata(p)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def total_ratio(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Predicted sum over actual sum; 1 is right. 0 where nothing was spent."""
    y, p = _pair(actual, predicted)
    total = y.sum()
    return float(p.sum() / total) if total > 0 else 0.0


def decile_error(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Absolute error of the ten predicted-value groups' totals, as a share of the actual total.

    Customers with the same prediction share their truth evenly: which of them falls into which group says nothing.
    """
    y, p = _pair(actual, predicted)
    total = y.sum()
    if total <= 0:
        return 0.0
    _, tie, counts = np.unique(p, return_inverse=True, return_counts=True)
    even = (np.bincount(tie, weights=y) / counts)[tie]
    groups = np.array_split(np.argsort(p, kind="stable"), min(10, len(p)))
    return float(sum(abs(p[group].sum() - even[group].sum()) for group in groups) / total)


def interval_coverage(actual: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> Coverage:
    """Share of truths within [low, high], ends included."""
    y, lower = _pair(actual, low)
    _, upper = _pair(actual, high)
    return Coverage(float(np.mean((y >= lower) & (y <= upper))), float(np.mean(upper - lower)))


def _pair(truth: npt.ArrayLike, guess: npt.ArrayLike) -> tuple[Floats, Floats]:
    y, p = np.asarray(truth, dtype=np.float64), np.asarray(guess, dtype=np.float64)
    if y.shape != p.shape or y.ndim != 1 or len(y) == 0:
        raise ValueError(f"shapes {y.shape} and {p.shape}: two non-empty columns of one length are needed")
    if not (np.isfinite(y).all() and np.isfinite(p).all()):
        raise ValueError("values: every entry must be finite")
    return y, p
