"""Whether segment ids go on meaning the same customers: refits on the cut-offs of a finished demo.

python -m benchmarks.segments DATA_FOLDER    (a data folder with a published run; it is only read)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from ml.segments import SEGMENT_COLUMNS, SegmentModel, SegmentRecipe, fit_segments

FRAMES = """
    select * from marts.training_frame where orders_lifetime > 0 and role <> 'near'
    order by last_seen_at, spend_lifetime, orders_lifetime, customer_id
"""
MONTH = pd.Timedelta(days=31)
SEED = 20170101
RECIPES = (SegmentRecipe(), SegmentRecipe(transform="yeo_johnson"), SegmentRecipe(method="ward"))


def main(folder: Path) -> None:
    """Print one line a recipe and pair of neighbouring cut-offs at most a month apart."""
    with duckdb.connect(str(folder / "published" / "current" / "concierge.duckdb"), read_only=True) as connection:
        rows = connection.execute(FRAMES).df()
    days = sorted(rows["as_of"].unique())
    frames = {day: rows.loc[rows["as_of"] == day].drop_duplicates("customer_id") for day in days}
    pairs = [(one, two) for one, two in pairwise(days) if two - one <= MONTH]
    print("| recipe | from | to | customers | k | stability (p10) | silhouette | Davies-Bouldin | smallest |"
          " kept over the month | kept by the refit alone | kept without alignment | CPU s a fit |")  # fmt: skip
    for recipe in RECIPES:
        for one, two in pairs:
            print(line(recipe, frames[one], frames[two]), flush=True)


def line(recipe: SegmentRecipe, before: pd.DataFrame, after: pd.DataFrame) -> str:
    """Fit at one cut-off, refit at the next; shares are of customers who had ordered by both."""
    first = fitted(recipe, before)
    started = time.process_time()
    second = fitted(recipe, after, first)
    seconds = time.process_time() - started
    old, new = ids(first, before), ids(second, after)
    both = old.index.intersection(new.index)
    strangers = ids(fitted(recipe, after), after)
    best = second.chosen
    cells: Sequence[object] = (
        f"{recipe.method}, {recipe.transform}",
        *(str(frame["as_of"].iloc[0])[:10] for frame in (before, after)),
        len(both),
        best.k,
        f"{best.stability:.2f} ({best.stability_p10:.2f})",
        f"{best.silhouette:.3f}",
        f"{best.davies_bouldin:.3f}",
        f"{best.smallest_share:.0%}",
        f"{(old[both] == new[both]).mean():.3f} (adjusted Rand {adjusted_rand_score(old[both], new[both]):.2f})",
        f"{1 - second.moved_share:.3f}",
        f"{(old[both] == strangers[both]).mean():.3f}",
        f"{seconds:.1f}",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def fitted(recipe: SegmentRecipe, frame: pd.DataFrame, previous: SegmentModel | None = None) -> SegmentModel:
    """As the training asset fits it, with the default bounds of k."""
    return fit_segments(frame, SEGMENT_COLUMNS, k_min=3, k_max=7, seed=SEED, previous=previous, recipe=recipe)


def ids(model: SegmentModel, frame: pd.DataFrame) -> pd.Series:
    """Segment id by customer."""
    return model.assign(frame).set_index("customer_id")["segment_id"]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
