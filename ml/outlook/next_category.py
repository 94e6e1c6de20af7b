"""The category a customer buys first, next: their own shares, drawn towards what their segment buys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.champion import Twin
from ml.cutoffs import LEAST_ROWS
from ml.errors import NotTrainable
from ml.outlook.category_facts import CategoryFacts
from ml.outlook.category_history import CategoryHistory
from ml.outlook.category_judge import compared
from ml.outlook.category_rates import EVERYONE, CategoryRates, category_rates, first_categories, segment_keys

Floats = npt.NDArray[np.float64]

FILE: Final = "next_category.json"
# Days of purchase that the segment's rates count as; 3 to 30 scored within 0.004 of each other on groceries.
PRIOR_DAYS: Final = 10.0
LEAST_DAYS: Final = 3
CHUNK: Final = 20_000


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
    twin: Twin | None = field(default=None, repr=False, compare=False)

    @property
    def features(self) -> Sequence[str]:
        """Columns that a score depends on."""
        return ("category", "n_days", "amount", "segment")

    def predict(self, history: CategoryHistory) -> pd.DataFrame:
        """The likeliest first category, and the likeliest among those not bought within a year.

        Returns:
            customer_id, category, new_category (null: the customer buys everything there is), basis.
        """
        facts = CategoryFacts.of(history, self.rates.categories)
        keys = segment_keys(history.customers["segment"], self.rates)
        names = np.asarray([*self.rates.categories], dtype=object)
        first, new = np.empty(len(keys), dtype=object), np.empty(len(keys), dtype=object)
        for places, part in facts.chunks(CHUNK):
            again, fresh = self._scores(part, keys[places])
            first[places] = names[again.argmax(axis=1)]
            new[places] = np.where(fresh.max(axis=1) > 0, names[fresh.argmax(axis=1)], None)
        return pd.DataFrame(
            {
                "customer_id": history.customers["customer_id"].to_numpy(),
                "category": first,
                "new_category": new,
                "basis": np.select([facts.most_days() >= LEAST_DAYS, keys > 0], ["own", "segment"], default=EVERYONE),
            }
        )

    def scores(self, history: CategoryHistory) -> tuple[Floats, Floats]:
        """Customers x categories, twice: how likely a category comes first, and first of the new ones (0: owned)."""
        facts = CategoryFacts.of(history, self.rates.categories)
        return self._scores(facts, segment_keys(history.customers["segment"], self.rates))

    def _scores(self, facts: CategoryFacts, keys: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
        own, owned = facts.shares()
        prior, fresh = self.rates.first[keys], self.rates.first_new[keys]
        days = facts.most_days()[:, None]
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
    told = Twin(twin, judged, np.zeros(len(judged.customers)), {})
    return NextCategoryModel(horizon_days, _rates(history), _dates(history), metrics, told)


def row_scores(model: NextCategoryModel, history: CategoryHistory) -> Floats:
    """Shape (customers, 2): whether the first category was among the best three, and the best; NaN: bought nothing."""
    _, owned = own_shares(history, model.rates.categories)
    first, _ = first_categories(history, model.rates.categories, owned)
    scores = model.scores(history)[0]
    order = np.argsort(-scores, axis=1, kind="stable")[:, :3]
    hits = (order == first[:, None]) & (np.take_along_axis(scores, order, axis=1) > 0)
    found = np.column_stack([hits.any(axis=1), hits[:, 0]]).astype(np.float64)
    bought = history.customers[["customer_id", "as_of"]].merge(
        history.later[["customer_id", "as_of"]].drop_duplicates().assign(any=1.0), how="left"
    )
    found[bought["any"].isna().to_numpy()] = np.nan
    return found


def own_shares(history: CategoryHistory, categories: Sequence[str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Share of each category in a customer's amounts, and whether it was bought at all; customers x categories."""
    return CategoryFacts.of(history, categories).shares()


def _rates(history: CategoryHistory) -> CategoryRates:
    counts = history.bought.groupby("category").size().sort_values(ascending=False, kind="stable")
    categories = sorted(counts.index[:200])
    return category_rates(history, categories, own_shares(history, categories)[1])


def _dates(history: CategoryHistory) -> list[str]:
    return sorted({str(pd.Timestamp(at).date()) for at in history.customers["as_of"]})
