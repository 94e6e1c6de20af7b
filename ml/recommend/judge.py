"""How good lists were on a later period: recall and NDCG at 10, coverage, and bootstrap intervals over customers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.recommend.matrix import CHUNK_CELLS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]
TOP: Final = 10
# More of them move no figure by more than its interval.
MOST_CUSTOMERS: Final = 5_000
REPEATS: Final = 1_000


class Judged(NamedTuple):
    """Figures by customer who bought something relevant later, in one order for all methods.

    Attributes:
        ndcg, recall: one entry a customer.
        coverage: share of the products that appear in some list.
    """

    ndcg: Floats
    recall: Floats
    coverage: float


class Interval(NamedTuple):
    """Mean and the 2.5 % and 97.5 % points of bootstrap means."""

    mean: float
    low: float
    high: float


def judged(
    scores: Callable[[Labels], Floats], allowed: Callable[[Labels], Flags], relevant: Any, most: int = MOST_CUSTOMERS
) -> Judged:
    """Rank the allowed products of each customer and compare the first ten with what they bought.

    Args:
        scores: customers x products for some row numbers; higher is better.
        allowed: which of these may be listed at all.
        relevant: sparse customers x products, nonzero where the customer bought the product later.
        most: customers at most, spread evenly over the rows.
    """
    rows = np.flatnonzero(np.diff(relevant.indptr))
    rows = rows[:: max(1, -(-len(rows) // most))]
    size = max(1, CHUNK_CELLS // max(relevant.shape[1], 1))
    parts, seen = [], np.zeros(relevant.shape[1], dtype=np.bool_)
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        listed = best(np.where(allowed(some), scores(some), -np.inf))
        seen[listed[listed >= 0]] = True
        parts.append(_figures(listed, np.asarray(relevant[some].todense()) > 0))
    if not parts:
        return Judged(np.zeros(0), np.zeros(0), 0.0)
    ndcg, recall = np.concatenate(parts, axis=1)
    return Judged(ndcg, recall, float(seen.mean()))


def best(scores: Floats, top: int = TOP) -> npt.NDArray[np.int64]:
    """Columns of the largest finite scores of each row, best first, ties by column; -1 where there are fewer."""
    found = _largest(scores, top) if scores.shape[1] > 2 * top else np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return np.where(np.isfinite(np.take_along_axis(scores, found, axis=1)), found, -1)


def _largest(scores: Floats, top: int) -> npt.NDArray[np.int64]:
    """The first `top` columns of a stable sort of each row, best first, without sorting the rest."""
    rows, columns = scores.shape
    last = np.partition(scores, columns - top, axis=1)[:, columns - top]
    reached = scores >= last[:, None]
    # Where more columns equal the last than find a place, or are no numbers, the whole row is sorted.
    plain = reached.sum(axis=1) == top
    found = np.empty((rows, top), dtype=np.int64)
    at = np.flatnonzero(reached[plain]).reshape(-1, top) % columns
    order = np.argsort(-np.take_along_axis(scores[plain], at, axis=1), axis=1, kind="stable")
    found[plain] = np.take_along_axis(at, order, axis=1)
    found[~plain] = np.argsort(-scores[~plain], axis=1, kind="stable")[:, :top]
    return found


def _figures(listed: npt.NDArray[np.int64], truth: Flags) -> Floats:
    """Two rows: NDCG (ideal: as many relevant products as there are, ten at most) and recall of each customer."""
    hits = np.take_along_axis(truth, np.maximum(listed, 0), axis=1) & (listed >= 0)
    discount = 1.0 / np.log2(np.arange(2, TOP + 2))
    count = truth.sum(axis=1)
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(count, TOP)]
    gained = (hits * discount[: hits.shape[1]]).sum(axis=1)
    return np.vstack([gained / np.maximum(ideal, 1e-12), hits.sum(axis=1) / np.maximum(count, 1)])


def interval(values: Floats, seed: int) -> Interval:
    """Mean with its percentile bootstrap interval over customers; zeros without any."""
    if not len(values):
        return Interval(0.0, 0.0, 0.0)
    random = np.random.default_rng(seed)
    means = [values[random.integers(len(values), size=len(values))].mean() for _ in range(REPEATS)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))
