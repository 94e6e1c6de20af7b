"""Choosing and fitting a segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ml.cutoffs import in_order
from ml.errors import NotTrainable
from ml.preprocess import TRANSFORMS, Preprocessor, Transform
from ml.segments.align import Alignment, align, migration
from ml.segments.choice import choose
from ml.segments.clustering import METHODS, Method, cluster, report
from ml.segments.model import SEGMENT_FLOORS, Floats, KReport, Labels, Moved, SegmentModel, nearest

# Below 20 customers a segment, a bootstrap shuffles people more than it tests the segments.
CUSTOMERS_PER_SEGMENT = 20


@dataclass(frozen=True)
class SegmentRecipe:
    """How centroids are found.

    Attributes:
        method: `kmeans`, or `ward` (hierarchical).
        transform: `log` or `yeo_johnson`, before scaling.
        floors: column → value below which differences say nothing.
    """

    method: Method = "kmeans"
    transform: Transform = "log"
    floors: Mapping[str, float] = field(default_factory=lambda: SEGMENT_FLOORS)

    def __post_init__(self) -> None:
        """Refuse what cannot be fitted."""
        if self.method not in METHODS:
            raise ValueError(f"method: {self.method!r}; one of {', '.join(METHODS)} is needed")
        if self.transform not in TRANSFORMS:
            raise ValueError(f"transform: {self.transform!r}; one of {', '.join(TRANSFORMS)} is needed")


USUAL = SegmentRecipe()


def fit_segments(
    features: pd.DataFrame,
    columns: Sequence[str],
    *,
    k_min: int,
    k_max: int,
    seed: int,
    previous: SegmentModel | None = None,
    recipe: SegmentRecipe = USUAL,
) -> SegmentModel:
    """Segments on transformed, scaled columns; the number of them by `choose`.

    With a `previous` model its k is kept while it is stable, KMeans starts from its segments, and ids go on meaning the
    same customers; `moved_share` and `migration` say for how many.

    Args:
        features: customer_id and the columns; nulls take the column's median.
        columns: numeric columns to read.
        k_min: fewest segments that are tried, at least 2.
        k_max: most segments that are tried.
        seed: of starts and samples.
        previous: the model in use.
        recipe: method and transform.

    Raises:
        NotTrainable: fewer than 20 customers for each of `k_min` segments, or too few different ones.
    """
    if not 2 <= k_min <= k_max:
        raise ValueError(f"k_min, k_max: {k_min} and {k_max}; 2 <= k_min <= k_max is needed")
    least = CUSTOMERS_PER_SEGMENT * k_min
    if len(features) < least:
        raise NotTrainable(
            f"segments: {len(features)} customers; {k_min} segments need at least {least} who have ordered"
        )
    ordered = in_order(features)
    preprocessor = Preprocessor.fit(ordered, columns, transform=recipe.transform, floors=recipe.floors)
    points = preprocessor.transform(ordered)
    before = _previous_labels(previous, ordered)
    fits = _candidates(points, (k_min, k_max), recipe, seed, before)
    chosen = choose([fit for fit, _ in fits], keep=_in_use(previous, columns))
    centroids = next(found for fit, found in fits if fit is chosen)
    labels = nearest(points, centroids)
    named = _named(labels, len(centroids), previous, before)
    order = np.argsort(named.ids)
    return SegmentModel(
        preprocessor=preprocessor,
        centroids=centroids[order],
        ids=tuple(sorted(named.ids)),
        next_id=named.next_id,
        chosen=chosen,
        candidates=tuple(fit for fit, _ in fits),
        moved_share=named.moved_share,
        migration=_moves(before, labels, previous, named.ids),
        method=recipe.method,
    )


def _in_use(previous: SegmentModel | None, columns: Sequence[str]) -> int | None:
    """The k in use; how many segments other columns formed says nothing about these."""
    return previous.k if previous is not None and previous.columns == tuple(columns) else None


def _candidates(
    points: Floats, bounds: tuple[int, int], recipe: SegmentRecipe, seed: int, before: Labels | None
) -> list[tuple[KReport, Floats]]:
    distinct = len(np.unique(points, axis=0))
    k_min, k_max = bounds
    most = min(k_max, distinct, len(points) // CUSTOMERS_PER_SEGMENT)
    found = []
    for k in range(k_min, most + 1):
        centroids = cluster(points, k, seed, _start(points, before, k), recipe.method)
        if len(np.unique(nearest(points, centroids))) >= 2:
            found.append((report(points, centroids, k, seed, recipe.method), centroids))
    if not found:
        raise NotTrainable(f"segments: {distinct} different customers among {len(points)} do not form {k_min} segments")
    # Slivers may have been dissolved until fewer are left than were asked for; that is the last resort.
    return [pair for pair in found if pair[0].k >= k_min] or found


def _start(points: Floats, before: Labels | None, k: int) -> Floats | None:
    """Centres of the previous segments' customers, in today's space, where k is the same and none is empty."""
    if before is None or len(np.unique(before)) != k or before.max() != k - 1:
        return None
    return np.vstack([points[before == label].mean(axis=0) for label in range(k)])


def _previous_labels(previous: SegmentModel | None, ordered: pd.DataFrame) -> Labels | None:
    """Where the model in use would put today's customers; None where it reads a column that is gone."""
    if previous is None or not set(previous.columns) <= set(ordered.columns):
        return None
    return nearest(previous.preprocessor.transform(ordered), previous.centroids)


def _named(labels: Labels, k: int, previous: SegmentModel | None, before: Labels | None) -> Alignment:
    if previous is not None and before is not None:
        return align(before, labels, k, previous.ids, previous.next_id)
    first = 0 if previous is None else previous.next_id
    largest_first = np.argsort(-np.bincount(labels, minlength=k), kind="stable")
    ids = first + np.argsort(largest_first, kind="stable")
    return Alignment(tuple(int(i) for i in ids), first + k, 0.0)


def _moves(
    before: Labels | None, after: Labels, previous: SegmentModel | None, ids: Sequence[int]
) -> tuple[Moved, ...]:
    if before is None or previous is None:
        return ()
    counts = migration(before, after, previous.k, len(ids))
    rows = [Moved(previous.ids[i], ids[j], int(counts[i, j])) for i, j in np.argwhere(counts > 0)]
    return tuple(sorted(rows))
