"""Clustering: slivers dissolved, figures those of scikit-learn, starts respected."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import davies_bouldin_score, silhouette_score

from ml.segments.clustering import SMALLEST_SHARE, cluster, report
from ml.segments.model import nearest


def blobs(rows: int = 90) -> np.ndarray:
    random = np.random.default_rng(6)
    centres = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
    return centres[np.arange(rows) % 3] + random.normal(0, 0.3, (rows, 2))


def test_the_nearest_centroid_by_brute_force() -> None:
    points, centroids = blobs(), np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
    expected = [min(range(3), key=lambda c: float(np.linalg.norm(point - centroids[c]))) for point in points]
    assert nearest(points, centroids).tolist() == expected


def test_a_handful_far_away_is_no_segment() -> None:
    points = np.vstack([blobs(), np.full((2, 2), 60.0)])
    sizes = np.bincount(nearest(points, cluster(points, 4, seed=1)))
    assert len(sizes) == 3
    assert sizes.min() >= SMALLEST_SHARE * len(points)


def test_separation_figures_are_scikit_learns() -> None:
    points = blobs()
    centroids = cluster(points, 3, seed=1)
    labels = nearest(points, centroids)
    found = report(points, centroids, 3, seed=1)
    assert found.silhouette == pytest.approx(silhouette_score(points, labels))
    assert found.davies_bouldin == pytest.approx(davies_bouldin_score(points, labels))
    assert found.smallest_share == pytest.approx(1 / 3)
    assert found.stability == pytest.approx(1.0)


def test_a_cloud_without_groups_is_unstable() -> None:
    cloud = np.random.default_rng(2).normal(size=(200, 2))
    found = report(cloud, cluster(cloud, 5, seed=1), 5, seed=1)
    assert found.stability < 0.8
    assert found.stability_p10 <= found.stability


def test_a_given_start_fixes_the_order_of_the_centroids() -> None:
    start = np.array([[0.0, 6.0], [0.0, 0.0], [6.0, 0.0]])
    np.testing.assert_allclose(cluster(blobs(), 3, seed=1, start=start), start, atol=0.3)
