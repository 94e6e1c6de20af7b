"""Products that go with what a customer bought lately, without what is in the cupboard already."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from ml.recommend.judge import best
from ml.recommend.ranking import COLUMNS, TOP, as_counts, days_since, places_within, ranked

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

# Below 1.2 two products share baskets hardly more often than any two do.
LEAST_LIFT = 1.2
# The last 20 products tell what somebody is doing now; older ones repeat the popular list.
SEEDS = 20
OWNED_DAYS = 90.0
# Customers x products at a time, as dense numbers: 32 MB.
CELLS: Final = 4_000_000


def bought_together_for(
    customer_product: pd.DataFrame,
    pairs: pd.DataFrame,
    as_of: datetime,
    *,
    owned_days: float | pd.Series = OWNED_DAYS,
    top: int = TOP,
) -> pd.DataFrame:
    """Rank partners of each customer's latest products by the chance that at least one pairing applies.

    Args:
        customer_product: customer_id, product_id, n_orders, last_ordered_at.
        pairs: product_a, product_b, support, confidence (of b given a), lift; each unordered pair once or twice.
        as_of: scoring instant.
        owned_days: what was bought within so many days is not suggested; one number, or one a row of customer_product.
        top: longest list.

    Returns:
        customer_id, task `bought_together`, rank, product_id, score (0 to 1), reason (the strongest pairing).
    """
    links = directed(pairs)
    if links.empty or customer_product.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    age = days_since(customer_product["last_ordered_at"], as_of).to_numpy(dtype=np.float64)
    customer, people = pd.factorize(customer_product["customer_id"], sort=True)
    names = pd.Index(pd.concat([links["seed"], links["product_id"]]).unique()).sort_values()
    product = names.get_indexer(pd.Index(customer_product["product_id"]))
    chance = _chances(links, names)
    seeds = _latest(customer, age, customer_product["product_id"], product)
    away = age <= np.asarray(owned_days, dtype=np.float64)
    held = _flags(customer[away], product[away], (len(people), len(names)))
    starts = range(0, len(people), max(1, CELLS // max(len(names), 1)))
    stops = [*starts[1:], len(people)]
    parts = [_offers(seeds[at:stop], chance, held[at:stop], top) for at, stop in zip(starts, stops, strict=True)]
    rows = np.concatenate([part.row + at for part, at in zip(parts, starts, strict=True)])
    column, score, seed = (np.concatenate([part[place] for part in parts]) for place in (1, 2, 3))
    scored = pd.DataFrame({"customer_id": people[rows], "product_id": names[column], "score": score})
    reasons = ("often bought with " + names.astype(str)).to_numpy(dtype=object)
    return ranked(scored.assign(reason=reasons[seed]), "bought_together", top)


class _Offers(NamedTuple):
    """Row of the customer, column of the product, chance that at least one pairing applies, column of the best seed."""

    row: Labels
    column: Labels
    score: Floats
    seed: Labels


def _chances(links: pd.DataFrame, names: pd.Index) -> Any:
    """Sparse seeds x products: the confidence of each pairing."""
    at = (names.get_indexer(pd.Index(links["seed"])), names.get_indexer(pd.Index(links["product_id"])))
    values = links["confidence"].clip(0.0, 0.999).to_numpy(dtype=np.float64)
    return sp.csr_matrix((values, at), shape=(len(names), len(names)))


def _latest(customer: Labels, age: Floats, product_id: pd.Series, product: Labels) -> Labels:
    """Columns of the last `SEEDS` products of each customer, shape (customers, SEEDS); -1 where there is none."""
    name, _ = pd.factorize(product_id, sort=True)
    order = np.lexsort((name, age, customer))
    place = places_within(customer[order]) - 1
    kept = place < SEEDS
    seeds = np.full((int(customer.max()) + 1, SEEDS), -1, dtype=np.int64)
    seeds[customer[order][kept], place[kept]] = product[order][kept]
    return seeds


def _flags(rows: Labels, columns: Labels, shape: tuple[int, int]) -> Any:
    known = columns >= 0
    return sp.csr_matrix((np.ones(int(known.sum())), (rows[known], columns[known])), shape=shape)


def _offers(seeds: Labels, chance: Any, held: Any, top: int) -> _Offers:
    """The best partners of some customers' seeds, without what they hold."""
    row, place = np.nonzero(seeds >= 0)
    asked = _flags(row, seeds[row, place], held.shape)
    misses = chance.copy()
    misses.data = -np.log1p(-misses.data)
    odds = np.asarray((asked @ misses).todense())
    odds[held.nonzero()] = 0.0
    column = best(np.where(odds > 0, odds, -np.inf), top)
    who, at = np.nonzero(column >= 0)
    what = column[who, at]
    return _Offers(who, what, -np.expm1(-odds[who, what]), _best_seed(seeds[who], what, chance))


def _best_seed(seeds: Labels, product: Labels, chance: Any) -> Labels:
    """Of each row's seeds the one with the highest confidence in the product; of equal ones the first by name."""
    found, highest = np.full(len(product), -1, dtype=np.int64), np.zeros(len(product))
    for place in range(seeds.shape[1]):
        seed = seeds[:, place]
        value = np.where(seed >= 0, np.asarray(chance[np.maximum(seed, 0), product]).ravel(), 0.0)
        better = (value > highest) | ((value == highest) & (value > 0) & (seed < found))
        found, highest = np.where(better, seed, found), np.where(better, value, highest)
    return found


def directed(pairs: pd.DataFrame) -> pd.DataFrame:
    """Both directions of each pair above the lift floor: seed, product_id, confidence of the product given the seed.

    The reverse confidence follows from the published figures: P(a given b) = lift · support / confidence.
    """
    lift, support = as_counts(pairs["lift"]), as_counts(pairs["support"])
    forward = as_counts(pairs["confidence"])
    backward = (lift * support / forward.where(forward > 0, np.inf)).clip(upper=1.0)
    a, b = pairs["product_a"].to_numpy(), pairs["product_b"].to_numpy()
    both = pd.DataFrame(
        {
            "seed": np.concatenate([a, b]),
            "product_id": np.concatenate([b, a]),
            "confidence": np.concatenate([forward, backward]),
            "lift": np.concatenate([lift, lift]),
        }
    )
    kept = both.loc[(both["lift"] >= LEAST_LIFT) & (both["seed"] != both["product_id"])]
    return kept.groupby(["seed", "product_id"]).agg(confidence=("confidence", "max")).reset_index()
