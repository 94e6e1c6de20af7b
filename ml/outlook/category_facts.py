"""What customers bought, by category, as arrays over their row numbers: read in parts without searching again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.outlook.category_history import CategoryHistory

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CategoryFacts:
    """One entry a customer and category, in order of customers.

    Attributes:
        customers, categories: how many rows and columns a matrix of them has.
        row: of the customer; `column`: of the category, -1 for one that is none of them.
        amount: at least 0.
        n_days: days with a purchase of the category.
    """

    customers: int
    categories: int
    row: Labels
    column: Labels
    amount: Floats
    n_days: Floats

    @classmethod
    def of(cls, history: CategoryHistory, categories: Sequence[str]) -> CategoryFacts:
        """The facts of `history.bought`, those of nobody in `history.customers` left out."""
        row = rows_of(history.customers, history.bought)
        order = np.argsort(row, kind="stable")
        order = order[np.searchsorted(row[order], 0) :]
        bought = history.bought.iloc[order]
        column = np.asarray(pd.Index(list(categories)).get_indexer(pd.Index(bought["category"])), dtype=np.int64)
        amount = np.clip(bought["amount"].to_numpy(dtype=np.float64), 0.0, None)
        days = bought["n_days"].to_numpy(dtype=np.float64)
        return cls(len(history.customers), len(categories), row[order], column, amount, days)

    def chunks(self, size: int) -> Iterator[tuple[slice, CategoryFacts]]:
        """Facts of `size` customers at a time, with the places of these customers."""
        for start in range(0, self.customers, size):
            stop = min(start + size, self.customers)
            at = slice(*np.searchsorted(self.row, (start, stop)).tolist())
            part = (self.row[at] - start, self.column[at], self.amount[at], self.n_days[at])
            yield slice(start, stop), CategoryFacts(stop - start, self.categories, *part)

    def shares(self) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Share of each category in a customer's amounts, and whether it was bought at all; customers x categories."""
        known = self.column >= 0
        amounts = np.zeros((self.customers, self.categories))
        owned = np.zeros(amounts.shape, dtype=np.bool_)
        amounts[self.row[known], self.column[known]] = self.amount[known]
        owned[self.row[known], self.column[known]] = True
        total = amounts.sum(axis=1, keepdims=True)
        # Gifts and lines without a price: whatever was bought counts alike.
        counts = owned / np.maximum(owned.sum(axis=1, keepdims=True), 1)
        return np.where(total > 0, amounts / np.maximum(total, 1e-9), counts), owned

    def most_days(self) -> Floats:
        """Days of purchase in the category bought most often, of each customer: how much own shares weigh."""
        most = np.zeros(self.customers)
        np.maximum.at(most, self.row, self.n_days)
        return most


def rows_of(customers: pd.DataFrame, facts: pd.DataFrame) -> Labels:
    """Place among `customers` of each fact's customer at its cut-off; -1 where there is none."""
    found = np.full(len(facts), -1, dtype=np.int64)
    at = customers["as_of"].to_numpy()
    when = facts["as_of"].to_numpy()
    for moment in np.unique(at):
        places, asked = np.flatnonzero(at == moment), when == moment
        own = pd.Index(customers["customer_id"].iloc[places]).get_indexer(pd.Index(facts.loc[asked, "customer_id"]))
        found[asked] = np.where(own >= 0, places[own], -1)
    return found
