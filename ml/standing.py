"""Who has too little history for a figure of their own, and what stands in for it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.preprocess import numbers

OWN, SEGMENT, EVERYONE = "own", "segment", "everyone"
# One order and less than two weeks: no second visit could have been expected, in a weekly shop as in a yearly one.
LEAST_ORDERS: Final = 2
LEAST_DAYS: Final = 14
# Fewer members with a figure of their own are no group to speak for anybody.
LEAST_MEMBERS: Final = 20
# Of a group the mean stands in; its interval reaches from its lower bounds' lowest tenth to its upper ones' highest.
QUANTILES: Final = {"low": 0.1, "high": 0.9}


def enough_history(features: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether each row has two orders, or a first one at least two weeks ago; a missing figure is none."""
    orders = np.nan_to_num(numbers(features, ["orders_lifetime"])[:, 0])
    known = "days_since_first_order" in features.columns
    days = np.nan_to_num(numbers(features, ["days_since_first_order"])[:, 0]) if known else np.full(len(orders), np.inf)
    return np.asarray((orders >= LEAST_ORDERS) | ((orders > 0) & (days >= LEAST_DAYS)), dtype=np.bool_)


def stand_in(
    scores: pd.DataFrame, segment: pd.Series, enough: npt.NDArray[np.bool_], reference: pd.DataFrame
) -> pd.DataFrame:
    """Scores with the figures of their group where history is too short, and a column `basis`.

    Args:
        scores: one row a customer; every column is a figure, named `…_low` or `…_high` where it bounds another.
        segment: segment id of each row, null where there is none.
        enough: of each row, from `enough_history`.
        reference: customers with a figure of their own: `segment` and the columns of `scores`. Where there are none,
            the row keeps its figures, which are then everybody's.
    """
    figures = list(scores.columns)
    members = reference["segment"].map(reference["segment"].value_counts())
    large = reference.loc[members >= LEAST_MEMBERS]
    by_segment = {name: _summary(rows, figures) for name, rows in large.groupby("segment")}
    spoken_for = segment.isin(list(by_segment)).to_numpy()
    found = scores.copy()
    for name in figures if len(reference) else ():
        group = segment.map({key: figure[name] for key, figure in by_segment.items()}).to_numpy(dtype=np.float64)
        everybody = _summary(reference, [name])[name]
        found[name] = np.where(enough, scores[name], np.where(spoken_for, group, everybody))
    return found.assign(basis=np.where(enough, OWN, np.where(spoken_for, SEGMENT, EVERYONE)))


def _summary(members: pd.DataFrame, figures: list[str]) -> dict[str, float]:
    values = members[figures].astype("float64")
    return {
        name: float(values[name].quantile(QUANTILES[bound]) if bound in QUANTILES else values[name].mean())
        for name, bound in ((name, name.rpartition("_")[2]) for name in figures)
    }
