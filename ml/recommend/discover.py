"""Lists of what is new to a customer, with a share of places that learn rather than earn."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.recommend.choice import owned
from ml.recommend.discovery import Scores
from ml.recommend.judge import best
from ml.recommend.matrix import Labels, Purchases
from ml.recommend.ranking import COLUMNS, TOP

TASK: Final = "discovery"
# A place is explored among the next forty: further down nobody would ever click, and nothing would be learned.
POOL: Final = 40
# Pages show four to six products: an explored one has to be among them to be seen.
SEEN_PLACES: Final = 6


def discover(
    known: Purchases,
    scores: Scores,
    method: str,
    newcomers: pd.DataFrame,
    *,
    explore_share: float,
    day: str,
    rows: Labels | None = None,
) -> pd.DataFrame:
    """The ten best products that each customer never bought; some places go to the next forty and to new products.

    Args:
        known: purchases; products in it may be listed.
        scores: of the method that serves.
        method: its name, told in the reason.
        newcomers: product_id and category of products of the catalogue that hardly sold yet; may be empty.
        explore_share: expected share of explored places, 0 to 0.5.
        day: ISO date; with the customer it decides what is explored, so that a day's list can be made again.
        rows: row numbers in `known` of whom to list for; everybody by default.

    Returns:
        `COLUMNS` and is_explored; score is comparable within its list only and falls with rank but for explored places.

    Raises:
        ValueError: `explore_share` out of bounds.
    """
    if not 0 <= explore_share <= 0.5:
        raise ValueError(f"explore_share: {explore_share}; it must lie between 0 and 0.5")
    chunks = known.chunks() if rows is None else known.chunks(rows)
    parts = [_explored(_listed(known, scores, some, method), newcomers, explore_share, day) for some in chunks]
    columns = [*COLUMNS, "is_explored"]
    if not parts or not len(known.products):
        return pd.DataFrame(columns=columns)
    explored = pd.concat([part.loc[part["rank"] <= TOP, columns] for part in parts], ignore_index=True)
    return explored.sort_values(["customer_id", "rank"], ignore_index=True)


def _listed(known: Purchases, scores: Scores, rows: Labels, method: str) -> pd.DataFrame:
    """The best fifty of some customers, in order."""
    found = np.where(owned(known, rows), -np.inf, scores(rows))
    order = best(found, TOP + POOL)
    row, place = np.nonzero(order >= 0)
    column = order[row, place]
    value = found[row, column]
    highest = found.max(axis=1)[row]
    return pd.DataFrame(
        {
            "customer_id": known.customers[rows][row],
            "task": TASK,
            "rank": place + 1,
            "product_id": known.products[column],
            "score": np.maximum(np.exp(np.maximum(value - highest, -50.0)), 1e-9),
            "reason": f"new to you, by {method}",
            "is_explored": False,
        }
    )


def _explored(lists: pd.DataFrame, newcomers: pd.DataFrame, share: float, day: str) -> pd.DataFrame:
    """A share of 0.1 is one explored place of ten in every list; less leaves lists out, more adds places."""
    people = lists["customer_id"].unique()
    places = share * TOP
    for turn in range(int(np.ceil(places))):
        chance = min(1.0, places - turn)
        drawn = (hashed(people, f"{day} {turn}") % np.uint64(10_000)).astype(float)
        lists = _swapped(lists, people[drawn < chance * 10_000], newcomers, draw=f"{day} {turn} place", turn=turn)
    return lists


def _swapped(
    lists: pd.DataFrame, chosen: npt.NDArray[np.object_], newcomers: pd.DataFrame, *, draw: str, turn: int
) -> pd.DataFrame:
    """One swap in each chosen list: the drawn product takes the drawn place, the one there goes to its place."""
    length = lists.groupby("customer_id")["rank"].transform("max")
    numbers = hashed(lists["customer_id"].to_numpy(dtype=object), draw)
    # One explored place may be any of those seen but the first; of several the turn says which.
    target = 2 + (numbers % np.uint64(SEEN_PLACES - 1)).astype(int) if not turn else np.full(len(lists), TOP + 1 - turn)
    below = np.maximum(length.to_numpy() - TOP, 0)
    source = TOP + 1 + (numbers // np.uint64(97) % np.maximum(below, 1).astype(np.uint64)).astype(int)
    can = lists["customer_id"].isin(chosen).to_numpy() & (below > 0)
    rank = lists["rank"].to_numpy()
    raised, lowered = can & (rank == source), can & (rank == target)
    swapped = lists.assign(
        rank=np.where(raised, target, np.where(lowered, source, rank)),
        is_explored=lists["is_explored"] | raised,
        reason=np.where(raised, "something to try", lists["reason"]),
    )
    return _with_newcomers(swapped, raised, numbers, newcomers)


def _with_newcomers(
    lists: pd.DataFrame, raised: npt.NDArray[np.bool_], numbers: npt.NDArray[np.uint64], newcomers: pd.DataFrame
) -> pd.DataFrame:
    """Every second explored place shows a product that hardly sold yet, where there are any."""
    if newcomers.empty:
        return lists
    products = newcomers["product_id"].astype(str).to_numpy(dtype=object)
    drawn = products[(numbers // np.uint64(11) % np.uint64(len(products))).astype(int)]
    listed = pd.MultiIndex.from_frame(lists[["customer_id", "product_id"]])
    twice = pd.MultiIndex.from_arrays([lists["customer_id"], drawn]).isin(listed)
    fresh = raised & (numbers // np.uint64(7) % np.uint64(2) == 0) & ~twice
    product = np.where(fresh, drawn, lists["product_id"].to_numpy(dtype=object))
    return lists.assign(product_id=product, reason=np.where(fresh, "new in the shop", lists["reason"]))


def hashed(people: npt.NDArray[np.object_], salt: str) -> npt.NDArray[np.uint64]:
    """A number a person and salt that depends on nothing else."""
    texts = np.array([f"{person} {salt}" for person in people], dtype=object)
    return np.asarray(pd.util.hash_array(texts), dtype=np.uint64)
