"""Lists of what is new to a customer, with a share of places that learn rather than earn."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.recommend.discovery import Scores
from ml.recommend.judge import best
from ml.recommend.matrix import Labels, Purchases
from ml.recommend.ranking import TOP, Flags, Floats, Listed, Names, nothing, places_of

TASK: Final = "discovery"
# A place is explored among the next forty: further down nobody would ever click, and nothing would be learned.
POOL: Final = 40
# Pages show four to six products: an explored one has to be among them to be seen.
SEEN_PLACES: Final = 6
BEST, TRIED, NEW = 0, 1, 2


def discover(
    known: Purchases,
    scores: Scores,
    method: str,
    newcomers: Names,
    *,
    explore_share: float,
    day: str,
    rows: Labels | None = None,
) -> Listed:
    """The ten best products that each customer never bought; some places go to the next forty and to new products.

    Args:
        known: purchases; products in it may be listed.
        scores: of the method that serves.
        method: its name, told in the reason.
        newcomers: ids of products of the catalogue that hardly sold yet; may be empty.
        explore_share: expected share of explored places, 0 to 0.5.
        day: ISO date; with the customer it decides what is explored, so that a day's list can be made again.
        rows: row numbers in `known` of whom to list for; everybody by default.

    Returns:
        Lists whose rows are places in `rows`; a score is comparable within its list only and falls with rank but for
        explored places.

    Raises:
        ValueError: `explore_share` out of bounds.
    """
    if not 0 <= explore_share <= 0.5:
        raise ValueError(f"explore_share: {explore_share}; it must lie between 0 and 0.5")
    rows = np.arange(len(known.customers)) if rows is None else rows
    if not len(rows) or not len(known.products):
        return nothing(TASK)
    chunks = [_best(known, scores, some) for some in known.chunks(rows)]
    lists = _Lists(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))
    products = np.concatenate([known.products, newcomers[places_of(newcomers, known.products) < 0]])
    _explore(lists, known.customers[rows], places_of(newcomers, products), explore_share, day)
    row, place = np.nonzero(lists.product[:, :TOP] >= 0)
    product, score, reason = lists.product[row, place], lists.score[row, place], lists.reason[row, place]
    reasons = np.array([f"new to you, by {method}", "something to try", "new in the shop"], dtype=object)
    return Listed(TASK, row, place + 1, product, score, reason, reason != BEST, products, reasons)


class _Lists(NamedTuple):
    """Customers x the best fifty places: product (-1: none), score, reason. Changed in place while exploring."""

    product: Labels
    score: Floats
    reason: Labels


def _best(known: Purchases, scores: Scores, rows: Labels) -> _Lists:
    """The best fifty of some customers, in order."""
    found = scores(rows)
    found[known.owned[rows].nonzero()] = -np.inf
    order = best(found, TOP + POOL)
    value = np.take_along_axis(found, np.maximum(order, 0), axis=1)
    with np.errstate(invalid="ignore"):
        score = np.maximum(np.exp(np.maximum(value - value[:, :1], -50.0)), 1e-9)
    return _Lists(order, score, np.full(order.shape, BEST, dtype=np.int64))


def _explore(lists: _Lists, people: Names, fresh: Labels, share: float, day: str) -> None:
    """A share of 0.1 is one explored place of ten in every list; less leaves lists out, more adds places."""
    places = share * TOP
    for turn in range(int(np.ceil(places))):
        chance = min(1.0, places - turn)
        drawn = hashed(people, f"{day} {turn}") % np.uint64(10_000) < chance * 10_000
        _swap(lists, drawn, hashed(people, f"{day} {turn} place"), turn, fresh)


def _swap(lists: _Lists, chosen: Flags, numbers: npt.NDArray[np.uint64], turn: int, fresh: Labels) -> None:
    """One swap in each chosen list: the drawn product takes the drawn place, the one there goes to its place."""
    below = (lists.product >= 0).sum(axis=1) - TOP
    row = np.flatnonzero(chosen & (below > 0))
    numbers = numbers[row]
    # One explored place may be any of those seen but the first; of several the turn says which.
    seen = 1 + (numbers % np.uint64(SEEN_PLACES - 1)).astype(np.int64)
    target = seen if not turn else np.full(len(row), TOP - turn)
    source = TOP + (numbers // np.uint64(97) % below[row].astype(np.uint64)).astype(np.int64)
    for column in lists:
        column[row, target], column[row, source] = column[row, source], column[row, target]
    lists.reason[row, target] = TRIED
    if len(fresh):
        _with_newcomers(lists, row, target, numbers, fresh)


def _with_newcomers(lists: _Lists, row: Labels, target: Labels, numbers: npt.NDArray[np.uint64], fresh: Labels) -> None:
    """Every second explored place shows a product that hardly sold yet, where there are any."""
    drawn = fresh[(numbers // np.uint64(11) % np.uint64(len(fresh))).astype(np.int64)]
    twice = (lists.product[row] == drawn[:, None]).any(axis=1)
    shown = (numbers // np.uint64(7) % np.uint64(2) == 0) & ~twice
    lists.product[row[shown], target[shown]] = drawn[shown]
    lists.reason[row[shown], target[shown]] = NEW


def hashed(people: Names, salt: str) -> npt.NDArray[np.uint64]:
    """A number a person and salt that depends on nothing else."""
    texts = np.array([f"{person} {salt}" for person in people], dtype=object)
    return np.asarray(pd.util.hash_array(texts), dtype=np.uint64)
