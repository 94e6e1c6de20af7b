"""The category a customer buys first, next: their own shares, drawn towards what their segment buys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.cutoffs import LEAST_ROWS
from ml.errors import NotTrainable
from ml.outlook.category_judge import compared
from ml.outlook.category_rates import EVERYONE, CategoryRates, category_rates, segment_keys

Floats = npt.NDArray[np.float64]

FILE: Final = "next_category.json"
# Days of purchase that the segment's rates count as; 3 to 30 scored within 0.004 of each other on groceries.
PRIOR_DAYS: Final = 10.0
LEAST_DAYS: Final = 3
CHUNK: Final = 20_000


class CategoryHistory(NamedTuple):
    """What is known at one or several cut-offs.

    Attributes:
        customers: customer_id, as_of, segment (or null); everybody with a purchase before the cut-off.
        bought: customer_id, as_of, category, n_days, amount of the last 365 days.
        later: customer_id, as_of, category, first_day, amount (on that day), of the horizon; empty when scoring.
    """

    customers: pd.DataFrame
    bought: pd.DataFrame
    later: pd.DataFrame

    def of(self, chosen: npt.NDArray[np.bool_] | pd.Series) -> CategoryHistory:
        """The part of some customers' rows, given as a mask over `customers`."""
        people = self.customers.loc[np.asarray(chosen)]
        keys = people[["customer_id", "as_of"]]
        return CategoryHistory(people, keys.merge(self.bought), keys.merge(self.later))


@dataclass(frozen=True)
class NextCategoryModel:
    """Rates of first categories by segment, and the weight of a customer's own shares against them.

    Attributes:
        metrics: top-1 and top-3 hit rates of the judged twin and its baselines, by task.
    """

    horizon_days: int
    rates: CategoryRates
    cutoffs: Sequence[str]
    metrics: Mapping[str, Mapping[str, float]]

    @property
    def features(self) -> Sequence[str]:
        """Columns that a score depends on."""
        return ("category", "n_days", "amount", "segment")

    def predict(self, history: CategoryHistory) -> pd.DataFrame:
        """The likeliest first category, and the likeliest among those not bought within a year.

        Returns:
            customer_id, category, new_category (null: the customer buys everything there is), basis.
        """
        parts = [
            self._best(history.of(np.arange(len(history.customers)) // CHUNK == chunk))
            for chunk in range(-(-len(history.customers) // CHUNK))
        ]
        columns = ["customer_id", "category", "new_category", "basis"]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)

    def _best(self, history: CategoryHistory) -> pd.DataFrame:
        again, new = self.scores(history)
        names = np.asarray([*self.rates.categories], dtype=object)
        days = days_of(history)
        fallback = np.where(segment_keys(history.customers["segment"], self.rates) > 0, "segment", EVERYONE)
        return pd.DataFrame(
            {
                "customer_id": history.customers["customer_id"].to_numpy(),
                "category": names[again.argmax(axis=1)],
                "new_category": np.where(new.max(axis=1) > 0, names[new.argmax(axis=1)], None),
                "basis": np.where(days >= LEAST_DAYS, "own", fallback),
            }
        )

    def scores(self, history: CategoryHistory) -> tuple[Floats, Floats]:
        """Customers x categories, twice: how likely a category comes first, and first of the new ones (0: owned)."""
        own, owned = own_shares(history, self.rates.categories)
        keys = segment_keys(history.customers["segment"], self.rates)
        prior, fresh = self.rates.first[keys], self.rates.first_new[keys]
        days = days_of(history)[:, None]
        return (days * own + PRIOR_DAYS * prior) / (days + PRIOR_DAYS), np.where(owned, 0.0, fresh)

    def files(self) -> dict[str, bytes]:
        """The model as one JSON file."""
        document = {
            "horizon_days": self.horizon_days,
            "rates": self.rates.to_document(),
            "cutoffs": list(self.cutoffs),
            "metrics": self.metrics,
        }
        return {FILE: json.dumps(document, sort_keys=True).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> NextCategoryModel:
        """Read what `files` wrote."""
        found: dict[str, Any] = json.loads(files[FILE])
        rates = CategoryRates.from_document(found["rates"])
        return cls(int(found["horizon_days"]), rates, found["cutoffs"], found["metrics"])


def train_next_category(history: CategoryHistory, *, judge: pd.Timestamp, horizon_days: int) -> NextCategoryModel:
    """Rates from earlier cut-offs, judged on a later one, then from all.

    Raises:
        NotTrainable: no catalogue with at least two categories, or too few customers.
    """
    n_categories = history.bought["category"].nunique()
    if n_categories < 2:
        raise NotTrainable(
            f"categories: {n_categories} named by the catalogue or the order lines; at least 2 are needed"
        )
    at = pd.to_datetime(history.customers["as_of"], utc=True)
    when = pd.Timestamp(judge)
    when = when.tz_localize("UTC") if when.tzinfo is None else when.tz_convert("UTC")
    train = history.of(at + pd.Timedelta(days=horizon_days) <= when)
    judged = history.of(at == when)
    for name, part in (("training", train), ("judging", judged)):
        if len(part.customers) < LEAST_ROWS:
            raise NotTrainable(f"{name}: {len(part.customers)} customers with a purchase; at least {LEAST_ROWS}")
    twin = NextCategoryModel(horizon_days, _rates(train), _dates(train), {})
    metrics = compared(twin.rates.categories, *twin.scores(judged), *own_shares(judged, twin.rates.categories), judged)
    return NextCategoryModel(horizon_days, _rates(history), _dates(history), metrics)


def own_shares(history: CategoryHistory, categories: Sequence[str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Share of each category in a customer's amounts, and whether it was bought at all; customers x categories."""
    rows, columns, found = placed(history.customers, history.bought, categories)
    amounts = np.zeros((len(history.customers), len(categories)))
    owned = np.zeros(amounts.shape, dtype=np.bool_)
    amounts[rows, columns] = np.clip(found["amount"].to_numpy(dtype=np.float64), 0.0, None)
    owned[rows, columns] = True
    total = amounts.sum(axis=1, keepdims=True)
    # Gifts and lines without a price: whatever was bought counts alike.
    counts = owned / np.maximum(owned.sum(axis=1, keepdims=True), 1)
    return np.where(total > 0, amounts / np.maximum(total, 1e-9), counts), owned


def placed(
    customers: pd.DataFrame, facts: pd.DataFrame, categories: Sequence[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], pd.DataFrame]:
    """Row and column in the matrix of each fact about a known category, and those facts."""
    places = customers[["customer_id", "as_of"]].assign(_row=np.arange(len(customers)))
    found = facts.loc[facts["category"].isin(list(categories))].merge(places, on=["customer_id", "as_of"])
    columns = found["category"].map({name: place for place, name in enumerate(categories)})
    return np.asarray(found["_row"], dtype=np.int64), np.asarray(columns, dtype=np.int64), found


def days_of(history: CategoryHistory) -> Floats:
    """Days with a purchase in the category bought most often: how much own shares weigh; 0 without any."""
    most = history.bought.groupby(["customer_id", "as_of"])["n_days"].max().rename("_days").reset_index()
    joined = history.customers[["customer_id", "as_of"]].merge(most, how="left", on=["customer_id", "as_of"])
    return np.asarray(joined["_days"].fillna(0.0), dtype=np.float64)


def _rates(history: CategoryHistory) -> CategoryRates:
    counts = history.bought.groupby("category").size().sort_values(ascending=False, kind="stable")
    categories = sorted(counts.index[:200])
    return category_rates(history, categories, own_shares(history, categories)[1])


def _dates(history: CategoryHistory) -> list[str]:
    return sorted({str(pd.Timestamp(at).date()) for at in history.customers["as_of"]})
