"""How often each category is the first one bought next, by segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.outlook.category_history import CategoryHistory

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
EVERYONE: Final = "everyone"
# A segment's own rates count as much as everyone's once it has so many customers.
PRIOR_CUSTOMERS: Final = 50.0


@dataclass(frozen=True)
class CategoryRates:
    """Row 0 is everyone, then a row a segment; columns are categories.

    Attributes:
        first: share of customers whose next purchase begins with the category.
        first_new: the same among those who had not bought the category, for the first category new to them.
    """

    categories: Sequence[str]
    segments: Sequence[str]
    first: Floats
    first_new: Floats

    def to_document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "categories": list(self.categories),
            "segments": list(self.segments),
            "first": self.first.round(9).tolist(),
            "first_new": self.first_new.round(9).tolist(),
        }

    @classmethod
    def from_document(cls, found: Mapping[str, Any]) -> CategoryRates:
        """Back from JSON."""
        first, new = (np.asarray(found[name], dtype=np.float64) for name in ("first", "first_new"))
        return cls(found["categories"], found["segments"], first, new)


def first_categories(history: CategoryHistory, categories: Sequence[str], owned: npt.NDArray[np.bool_]) -> list[Labels]:
    """Column of the first category bought after the cut-off, and of the first one not owned; -1 where there is none.

    Of several on one day the one with the largest amount, then by name.
    """
    places = {name: place for place, name in enumerate(categories)}
    rows = history.customers[["customer_id", "as_of"]].assign(_row=np.arange(len(history.customers)))
    later = history.later.loc[history.later["category"].isin(list(places))].merge(rows, on=["customer_id", "as_of"])
    later = later.sort_values(["_row", "first_day", "amount", "category"], ascending=[True, True, False, True])
    column: Labels = np.asarray(later["category"].map(places), dtype=np.int64)
    row: Labels = np.asarray(later["_row"], dtype=np.int64)
    fresh = ~owned[row, column] if len(row) else np.zeros(0, dtype=np.bool_)
    return [_first(row, column, len(rows)), _first(row[fresh], column[fresh], len(rows))]


def _first(rows: Labels, columns: Labels, length: int) -> Labels:
    found = np.full(length, -1, dtype=np.int64)
    distinct, at = np.unique(rows, return_index=True)
    found[distinct] = columns[at]
    return found


def category_rates(history: CategoryHistory, categories: Sequence[str], owned: npt.NDArray[np.bool_]) -> CategoryRates:
    """Count first categories of everyone and of each segment."""
    segment = segment_names(history.customers["segment"])
    names = [EVERYONE, *sorted({str(name) for name in segment} - {EVERYONE})]
    first, new = first_categories(history, categories, owned)
    tables = []
    for label, asked in ((first, np.ones_like(owned)), (new, ~owned)):
        hits = np.zeros(owned.shape)
        bought = np.flatnonzero(label >= 0)
        hits[bought, label[bought]] = 1.0
        asked = asked & (label >= 0)[:, None]
        everyone = hits.sum(axis=0) / np.maximum(asked.sum(axis=0), 1)
        rows = [everyone]
        for name in names[1:]:
            own = segment == name
            rows.append(
                (hits[own].sum(axis=0) + PRIOR_CUSTOMERS * everyone) / (asked[own].sum(axis=0) + PRIOR_CUSTOMERS)
            )
        tables.append(np.vstack(rows))
    return CategoryRates(list(categories), names, tables[0], tables[1])


def segment_name(value: object) -> str:
    """A segment as its key; null is everyone."""
    if value is None or pd.isna(value) or value == EVERYONE:  # type: ignore[call-overload]
        return EVERYONE
    return str(int(str(value).partition(".")[0]))


def segment_names(segments: pd.Series) -> npt.NDArray[np.object_]:
    """`segment_name` of each."""
    codes, distinct = pd.factorize(segments)
    names = np.array([*(segment_name(value) for value in distinct), EVERYONE], dtype=object)
    return names[codes]


def segment_keys(segments: pd.Series, rates: CategoryRates) -> Labels:
    """Row of each customer's segment in the tables; a segment never seen is everyone."""
    places = pd.Index(rates.segments).get_indexer(pd.Index(segment_names(segments)))
    return np.maximum(np.asarray(places, dtype=np.int64), 0)
