"""Choosing and fitting a segmentation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ml.errors import NotTrainable
from ml.preprocess import Preprocessor
from ml.segments.align import Alignment, align
from ml.segments.clustering import SMALLEST_SHARE, cluster, report
from ml.segments.model import Floats, KReport, Labels, SegmentModel, nearest

# Below 20 customers a segment, a bootstrap shuffles people more than it tests the segments.
CUSTOMERS_PER_SEGMENT = 20
STABLE = 0.80
STABLE_P10 = 0.65
# Two separations this close are the same for a reader; the finer segmentation then says more.
SAME_SILHOUETTE = 0.03


def fit_segments(
    features: pd.DataFrame,
    columns: Sequence[str],
    *,
    k_min: int,
    k_max: int,
    seed: int,
    previous: SegmentModel | None = None,
) -> SegmentModel:
    """KMeans on Yeo-Johnson-scaled columns with k from `k_min` to `k_max`.

    A candidate must be stable (mean adjusted Rand index over bootstrap refits at least 0.80, 10th percentile 0.65).
    Among the stable ones within 0.03 of the best silhouette the largest k wins, then the lower Davies-Bouldin index;
    with none stable, the most stable. With a `previous` model its k is kept while it is stable, the fit starts
    from its segments and ids go on meaning the same customers.

    Raises:
        NotTrainable: fewer than 20 customers for each of `k_min` segments, or too few different ones.
    """
    if not 2 <= k_min <= k_max:
        raise ValueError(f"k_min, k_max: {k_min} and {k_max}; 2 <= k_min <= k_max is needed")
    if len(features) < CUSTOMERS_PER_SEGMENT * k_min:
        raise NotTrainable(
            f"segments: {len(features)} customers; {k_min} segments need at least {CUSTOMERS_PER_SEGMENT * k_min}"
        )
    ordered = features.sort_values("customer_id", ignore_index=True)
    preprocessor = Preprocessor.fit(ordered, columns)
    points = preprocessor.transform(ordered)
    before = None if previous is None else _previous_labels(previous, ordered)
    fits = _candidates(points, k_min, k_max, seed, before)
    chosen = choose([fit for fit, _ in fits], keep=None if previous is None else previous.k)
    centroids = next(found for fit, found in fits if fit is chosen)
    named = _named(points, centroids, previous, before)
    order = np.argsort(named.ids)
    return SegmentModel(
        preprocessor=preprocessor,
        centroids=centroids[order],
        ids=tuple(sorted(named.ids)),
        next_id=named.next_id,
        chosen=chosen,
        candidates=tuple(fit for fit, _ in fits),
        moved_share=named.moved_share,
    )


def choose(candidates: Sequence[KReport], keep: int | None = None) -> KReport:
    """The candidate by the rule of `fit_segments`; `keep` is the k in use."""
    fit_for_use = [c for c in candidates if c.smallest_share >= SMALLEST_SHARE] or list(candidates)
    stable = [c for c in fit_for_use if c.stability >= STABLE and c.stability_p10 >= STABLE_P10]
    if not stable:
        return max(fit_for_use, key=lambda c: (c.stability, -c.k))
    in_use = [c for c in stable if c.k == keep]
    best = max(c.silhouette for c in stable)
    close = in_use or [c for c in stable if c.silhouette >= best - SAME_SILHOUETTE]
    return max(close, key=lambda c: (c.k, -c.davies_bouldin))


def _candidates(
    points: Floats, k_min: int, k_max: int, seed: int, before: Labels | None
) -> list[tuple[KReport, Floats]]:
    distinct = len(np.unique(points, axis=0))
    most = min(k_max, distinct, len(points) // CUSTOMERS_PER_SEGMENT)
    found = []
    for k in range(k_min, most + 1):
        centroids = cluster(points, k, seed, _start(points, before, k))
        if len(np.unique(nearest(points, centroids))) >= 2:
            found.append((report(points, centroids, k, seed), centroids))
    if not found:
        raise NotTrainable(f"segments: {distinct} different customers among {len(points)} do not form {k_min} segments")
    return found


def _start(points: Floats, before: Labels | None, k: int) -> Floats | None:
    """Centres of the previous segments' customers, in today's space, where k is the same and none is empty."""
    if before is None or len(np.unique(before)) != k or before.max() != k - 1:
        return None
    return np.vstack([points[before == label].mean(axis=0) for label in range(k)])


def _previous_labels(previous: SegmentModel, ordered: pd.DataFrame) -> Labels:
    return nearest(previous.preprocessor.transform(ordered), previous.centroids)


def _named(points: Floats, centroids: Floats, previous: SegmentModel | None, before: Labels | None) -> Alignment:
    labels = nearest(points, centroids)
    if previous is None or before is None:
        sizes = np.bincount(labels, minlength=len(centroids))
        largest_first = np.argsort(-sizes, kind="stable")
        ids = np.argsort(largest_first, kind="stable")
        return Alignment(tuple(int(i) for i in ids), len(centroids), 0.0)
    return align(before, labels, len(centroids), previous.ids, previous.next_id)
