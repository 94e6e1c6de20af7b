"""Products that go with what a customer bought lately, without what is in the cupboard already."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from ml.recommend.bought import AGES, Bought, Flags, Floats, Integers, Names
from ml.recommend.judge import best
from ml.recommend.ranking import TOP, Listed, as_counts, nothing, places_of, places_within

TASK = "bought_together"
# Below 1.2 two products share baskets hardly more often than any two do.
LEAST_LIFT = 1.2
# The last 20 products tell what somebody is doing now; older ones repeat the popular list.
SEEDS = 20
# Customers x products at a time, as dense numbers: 8 MB, which a processor holds near.
CELLS: Final = 1_000_000


class Partners(NamedTuple):
    """Products that share baskets.

    Attributes:
        names: of rows and columns, sorted.
        chance: the confidence of each (column) given another (row), sparse.
        misses: minus the logarithm of what it leaves.
    """

    names: Names
    chance: Any
    misses: Any


def partners(pairs: pd.DataFrame) -> Partners:
    """Pairs as a matrix.

    Args:
        pairs: product_a, product_b, support, confidence (of b given a), lift; each unordered pair once or twice.
    """
    links = directed(pairs)
    names = np.sort(pd.unique(pd.concat([links["seed"], links["product_id"]])).astype(object))
    at = [places_of(links[column].to_numpy(dtype=object), names) for column in ("seed", "product_id")]
    values = links["confidence"].clip(0.0, 0.999).to_numpy(dtype=np.float64)
    chance = sp.csr_matrix((values, tuple(at)), shape=(len(names), len(names)))
    misses = chance.copy()
    misses.data = -np.log1p(-misses.data)
    return Partners(names, chance, misses)


def bought_together_for(shelf: Bought, known: Partners, owned: Flags, *, top: int = TOP) -> Listed:
    """Rank partners of each customer's latest products by the chance that at least one pairing applies.

    The reason names the strongest pairing.

    Args:
        shelf: what some customers bought.
        known: which products go together.
        owned: entries of `shelf` that are not suggested.
        top: longest list.
    """
    if not len(known.names) or not len(shelf.customer):
        return nothing(TASK)
    column = places_of(shelf.products, known.names)[shelf.product]
    shape = (len(shelf.customers), len(known.names))
    latest = _latest(shelf)
    asked = _flags(shelf.customer[latest], column[latest], shape)
    held = _flags(shelf.customer[owned], column[owned], shape)
    size = max(1, CELLS // shape[1])
    parts = [_offers(asked[at : at + size], held[at : at + size], known, top) for at in range(0, shape[0], size)]
    row = np.concatenate([part.row + number * size for number, part in enumerate(parts)])
    rank, product, seed = (np.concatenate([part[place] for part in parts]) for place in (1, 2, 4))
    score = np.concatenate([part.score for part in parts])
    reasons = ("often bought with " + pd.Series(known.names).astype(str)).to_numpy(dtype=object)
    return Listed(TASK, row, rank, product, score, seed, np.zeros(len(row), dtype=np.bool_), known.names, reasons)


class _Offers(NamedTuple):
    """Row of the customer, rank, column of the product, chance that at least one pairing applies, best seed."""

    row: Integers
    rank: Integers
    product: Integers
    score: Floats
    seed: Integers


def _latest(shelf: Bought) -> Integers:
    """Entries of the last `SEEDS` products of each customer; of equal days the first by name."""
    entries = max(len(shelf.customer), 1)
    key = (shelf.customer.astype(np.int64) * AGES + shelf.age_days) * entries + np.arange(len(shelf.customer))
    key.sort()
    return (key % entries)[places_within(key // entries // AGES) <= SEEDS]


def _flags(rows: npt.NDArray[np.integer], columns: Integers, shape: tuple[int, int]) -> Any:
    known = columns >= 0
    return sp.csr_matrix((np.ones(int(known.sum())), (rows[known], columns[known])), shape=shape)


def _offers(asked: Any, held: Any, known: Partners, top: int) -> _Offers:
    """The best partners of some customers' seeds, without what they hold."""
    odds = (asked @ known.misses).toarray()
    odds[odds <= 0] = -np.inf
    odds[held.nonzero()] = -np.inf
    column = best(odds, top)
    row, place = np.nonzero(column >= 0)
    product = column[row, place]
    return _Offers(row, place + 1, product, -np.expm1(-odds[row, product]), _best_seed(asked, row, product, known))


def _best_seed(asked: Any, row: Integers, product: Integers, known: Partners) -> Integers:
    """Of each row's seeds the one with the highest confidence in the product; of equal ones the first by name."""
    asked.sort_indices()
    lengths = np.diff(asked.indptr)[row]
    starts = np.cumsum(lengths) - lengths
    offer = np.repeat(np.arange(len(row)), lengths)
    entry = np.arange(len(offer)) - (starts - asked.indptr[row])[offer]
    seed = asked.indices[entry].astype(np.int64)
    value = np.asarray(known.chance[seed, product[offer]]).ravel()
    if not len(row):
        return row
    highest = np.flatnonzero(value == np.maximum.reduceat(value, starts)[offer])
    found: Integers = seed[highest[np.flatnonzero(np.diff(offer[highest], prepend=-1))]]
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
