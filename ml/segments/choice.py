"""Which number of segments to use."""

from __future__ import annotations

from collections.abc import Sequence

from ml.segments.model import KReport

# Two stabilities this close are the same for twenty bootstraps.
SAME_STABILITY = 0.02


def choose(candidates: Sequence[KReport], keep: int | None = None) -> KReport:
    """The candidate to use; `keep` is the k in use, which stays while it is stable and no segment is a sliver.

    Slivers go first, then what other samples of the customers do not confirm. Of what is left, and where there is any,
    of what is separated enough by silhouette and by Davies-Bouldin, the most stable counts (within 0.02), then the
    higher silhouette, then the lower Davies-Bouldin index. Where nothing is stable, the most stable is taken.
    """
    balanced = [c for c in candidates if c.is_balanced] or list(candidates)
    stable = [c for c in balanced if c.is_stable]
    if not stable:
        return max(balanced, key=lambda c: (c.stability, -c.k))
    in_use = [c for c in stable if c.k == keep]
    return _best(in_use or [c for c in stable if c.is_separated] or stable)


def _best(candidates: Sequence[KReport]) -> KReport:
    most = max(c.stability for c in candidates)
    level = [c for c in candidates if c.stability >= most - SAME_STABILITY]
    return max(level, key=lambda c: (c.silhouette, -c.davies_bouldin))
