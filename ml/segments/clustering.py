"""One clustering for one k, and how well it would survive another sample of the same customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, get_args

import numpy as np
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score
from threadpoolctl import threadpool_limits

from ml.segments.model import SMALLEST_SHARE, Floats, KReport, nearest

Method = Literal["kmeans", "ward"]
METHODS: Final[tuple[str, ...]] = get_args(Method)
# With ten, the 10th percentile is one unlucky draw; with twenty it is the third worst.
BOOTSTRAPS = 20
# Pairwise distances grow with the square; 2,000 customers fix the silhouette to about 0.01.
SAMPLE = 2_000
# Centres of 50,000 customers lie where those of all lie, to the second digit.
MOST_FITTED = 50_000


def cluster(
    points: Floats, k: int, seed: int, start: Floats | None = None, method: Method = "kmeans", runs: int = 10
) -> Floats:
    """Centroids of at most k segments, each holding at least 5 % of the points.

    A cluster below that share is dissolved into its neighbours, so that a few extreme customers do not make one.

    Args:
        points: shape (rows, columns), comparable columns.
        k: number of segments asked for.
        seed: of starts and samples.
        start: centroids to start KMeans from; Ward has no start and leaves continuity to the alignment.
        method: `kmeans`, or `ward` (merges that add least variance, on at most 2,000 customers).
        runs: starts of KMeans, where none is given.
    """
    # One thread: with several, partial sums arrive in any order and the last digits differ from run to run.
    with threadpool_limits(limits=1):
        return _centroids(points, k, seed, start, method, runs)


def report(points: Floats, centroids: Floats, k: int, seed: int, method: Method = "kmeans") -> KReport:
    """Stability, separation and balance of a clustering with at least two segments."""
    labels = nearest(points, centroids)
    random = np.random.default_rng(seed)
    judged = points if len(points) <= 5 * SAMPLE else random.choice(points, 5 * SAMPLE, replace=False)
    with threadpool_limits(limits=1):
        agreements = [_agreement(judged, centroids, k, random, method) for _ in range(BOOTSTRAPS)]
    sample = random.choice(len(points), size=min(SAMPLE, len(points)), replace=False)
    several = 1 < len(np.unique(labels[sample])) < len(sample)
    with threadpool_limits(limits=1):
        silhouette = float(silhouette_score(points[sample], labels[sample])) if several else 0.0
    return KReport(
        k=len(centroids),
        stability=float(np.mean(agreements)),
        stability_p10=float(np.quantile(agreements, 0.1)),
        silhouette=silhouette,
        davies_bouldin=float(davies_bouldin_score(points, labels)),
        smallest_share=float(np.bincount(labels, minlength=len(centroids)).min() / len(points)),
    )


def _agreement(judged: Floats, centroids: Floats, k: int, random: np.random.Generator, method: Method) -> float:
    """Adjusted Rand index between this clustering and that of a sample drawn with replacement."""
    drawn = judged[random.integers(0, len(judged), size=len(judged))]
    distinct = len(np.unique(drawn, axis=0))
    again = _centroids(drawn, min(k, distinct), int(random.integers(2**31)), None, method, 2)
    return float(adjusted_rand_score(nearest(judged, centroids), nearest(judged, again)))


def _centroids(points: Floats, k: int, seed: int, start: Floats | None, method: Method, runs: int) -> Floats:
    random = np.random.default_rng(seed)
    chosen = points if len(points) <= MOST_FITTED else random.choice(points, MOST_FITTED, replace=False)
    centroids = _FITS[method](chosen, k, seed, start, runs)
    while len(centroids) > 1:
        sizes = np.bincount(nearest(chosen, centroids), minlength=len(centroids))
        if sizes.min() >= SMALLEST_SHARE * len(chosen):
            break
        centroids = np.delete(centroids, int(sizes.argmin()), axis=0)
    return centroids


def _kmeans(points: Floats, k: int, seed: int, start: Floats | None, runs: int) -> Floats:
    init, tries = ("k-means++", runs) if start is None else (start, 1)
    fitted = KMeans(n_clusters=k, init=init, n_init=tries, random_state=seed).fit(points)
    return np.asarray(fitted.cluster_centers_, dtype=np.float64)


def _ward(points: Floats, k: int, seed: int, start: Floats | None, runs: int) -> Floats:
    del start, runs
    random = np.random.default_rng(seed)
    part = points if len(points) <= SAMPLE else random.choice(points, SAMPLE, replace=False)
    if k < 2:
        return np.asarray(part.mean(axis=0, keepdims=True), dtype=np.float64)
    labels = AgglomerativeClustering(n_clusters=k, linkage="ward").fit_predict(part)
    return np.vstack([part[labels == label].mean(axis=0) for label in range(k)])


_FITS: Mapping[str, Callable[[Floats, int, int, Floats | None, int], Floats]] = {"kmeans": _kmeans, "ward": _ward}
