"""One clustering for one k, and how well it would survive another sample of the same customers."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.segments.model import Floats, KReport, Labels, nearest

SMALLEST_SHARE = 0.05
BOOTSTRAPS = 10
# Pairwise distances grow with the square; 2,000 customers fix the silhouette to about 0.01.
SAMPLE = 2_000


def cluster(points: Floats, k: int, seed: int, start: Floats | None = None) -> Floats:
    """Centroids of at most k segments, each holding at least 5 % of the points.

    A cluster below that share is dissolved into its neighbours, so that a few extreme customers do not make one.
    """
    init = "k-means++" if start is None else start
    runs = 10 if start is None else 1
    # One thread: with several, partial sums arrive in any order and the last digits differ from run to run.
    with threadpool_limits(limits=1):
        fitted = KMeans(n_clusters=k, init=init, n_init=runs, random_state=seed).fit(points)
    centroids = np.asarray(fitted.cluster_centers_, dtype=np.float64)
    while len(centroids) > 1:
        sizes = np.bincount(nearest(points, centroids), minlength=len(centroids))
        if sizes.min() >= SMALLEST_SHARE * len(points):
            break
        centroids = np.delete(centroids, int(sizes.argmin()), axis=0)
    return centroids


def report(points: Floats, centroids: Floats, k: int, seed: int) -> KReport:
    """Stability, separation and balance of a clustering with at least two segments."""
    labels = nearest(points, centroids)
    random = np.random.default_rng(seed)
    agreements = [_agreement(points, labels, k, random) for _ in range(BOOTSTRAPS)]
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


def _agreement(points: Floats, labels: Labels, k: int, random: np.random.Generator) -> float:
    drawn = points[random.integers(0, len(points), size=min(len(points), 5 * SAMPLE))]
    distinct = len(np.unique(drawn, axis=0))
    again = cluster(drawn, min(k, distinct), seed=int(random.integers(2**31)))
    return float(adjusted_rand_score(labels, nearest(points, again)))
