"""How often the predicted category was bought first, beside what anybody would have guessed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ml.outlook.category_history import CategoryHistory
from ml.outlook.category_rates import first_categories

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def compared(
    categories: Sequence[str],
    again: Floats,
    new: Floats,
    own: Floats,
    owned: npt.NDArray[np.bool_],
    judged: CategoryHistory,
) -> dict[str, dict[str, float]]:
    """Top-1 and top-3 hit rates on customers who bought within the horizon.

    `popular` is the category most customers bought lately, `own_share` the customer's largest. For new categories
    `popular_not_owned` leaves out what the customer has.
    """
    first, first_new = first_categories(judged, categories, owned)
    popular = np.tile(owned.mean(axis=0), (len(owned), 1))
    return {
        "model": hit_rates(again, first),
        "popular": hit_rates(popular, first),
        "own_share": hit_rates(own, first),
        "model_new": hit_rates(new, first_new),
        "popular_not_owned": hit_rates(np.where(owned, 0.0, popular), first_new),
    }


def hit_rates(scores: Floats, label: Labels) -> dict[str, float]:
    """Share of labelled rows whose label is the best of its row, and among the best three; ties by column."""
    rows = np.flatnonzero(label >= 0)
    if not len(rows):
        return {"customers": 0.0, "top_1": 0.0, "top_3": 0.0}
    order = np.argsort(-scores[rows], axis=1, kind="stable")[:, :3]
    hits = order == label[rows, None]
    positive = np.take_along_axis(scores[rows], order, axis=1) > 0
    hits &= positive
    return {
        "customers": float(len(rows)),
        "top_1": float(hits[:, 0].mean()),
        "top_3": float(hits.any(axis=1).mean()),
    }
