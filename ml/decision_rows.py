"""Decision tables: for each placement and segment, what each action is worth and how that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from ml.preprocess import numbers
from ml.segments.ladder import EVERYONE_ID

COLUMNS: Final = ("placement", "segment_id", "context_bucket", "action", "score", "basis", "n")
ANY_CONTEXT: Final = "any"
# An arm shown fewer times than this in a segment says nothing about the segment; everyone's row answers instead.
LEAST_SHOWN: Final = 50
# Weight of everybody's figure in a segment's, in customers: at 100 own observations the two count the same.
PRIOR_WEIGHT: Final = 100.0
# A logged propensity below 1 % would let one customer stand for a hundred.
LEAST_PROPENSITY: Final = 0.01


def decision_table(
    segments: pd.DataFrame,
    offers: pd.DataFrame,
    taste: pd.DataFrame,
    content: Mapping[str, Mapping[str, str]],
    *,
    least_shown: int = LEAST_SHOWN,
) -> pd.DataFrame:
    """Rows of all placements, best action first.

    Args:
        segments: customer_id, segment_id (-1 where the ladder sent the customer to everyone).
        offers: randomised log: customer_id, placement, arm, propensity, margin_amount (null: not observed yet, left
            out).
        taste: customer_id, category, amount bought.
        content: placement → action → category that the action shows.
        least_shown: support floor of an arm or category, in observations or buyers.

    Returns:
        `COLUMNS`; segment_id -1 is everyone. Scores compare actions within a placement and segment only.
    """
    parts = [incentive_rows(offers, segments, least_shown=least_shown)]
    parts += [content_rows(name, actions, taste, segments, least_shown) for name, actions in sorted(content.items())]
    table = pd.concat([part for part in parts if len(part)] or [_no_rows()], ignore_index=True)
    keys = ["placement", "segment_id", "score", "action"]
    return table.sort_values(keys, ascending=[True, True, False, True], ignore_index=True)[list(COLUMNS)]


def incentive_rows(offers: pd.DataFrame, segments: pd.DataFrame, *, least_shown: int) -> pd.DataFrame:
    """Expected margin of each randomised arm: self-normalised inverse propensity, drawn towards everybody's figure."""
    seen = offers.loc[offers["margin_amount"].notna() & offers["propensity"].notna()]
    if seen.empty:
        return _no_rows()
    weight = 1.0 / np.maximum(numbers(seen, ["propensity"])[:, 0], LEAST_PROPENSITY)
    frame = pd.DataFrame(
        {
            "placement": seen["placement"].to_numpy(),
            "action": seen["arm"].to_numpy(),
            "segment_id": _segment_of(seen["customer_id"], segments),
            "weight": weight,
            "total": weight * numbers(seen, ["margin_amount"])[:, 0],
        }
    )
    everyone = _summed(frame.assign(segment_id=EVERYONE_ID))
    own = _summed(frame.loc[frame["segment_id"] != EVERYONE_ID])
    prior = everyone.set_index(["placement", "action"])["score"]
    expected = prior.reindex(pd.MultiIndex.from_frame(own[["placement", "action"]])).to_numpy()
    own["score"] = (own["n"] * own["score"] + PRIOR_WEIGHT * expected) / (own["n"] + PRIOR_WEIGHT)
    rows = pd.concat([everyone, own], ignore_index=True)
    rows = rows.loc[rows["n"] >= least_shown]
    return rows.assign(basis="expected margin, randomised log", context_bucket=ANY_CONTEXT)[list(COLUMNS)]


def _summed(frame: pd.DataFrame) -> pd.DataFrame:
    keys = ["placement", "segment_id", "action"]
    sums = frame.groupby(keys).agg(weight=("weight", "sum"), total=("total", "sum"), n=("weight", "size"))
    scored: pd.DataFrame = sums.assign(score=sums["total"] / sums["weight"]).reset_index()
    return scored[[*keys, "score", "n"]]


def content_rows(
    placement: str, actions: Mapping[str, str], taste: pd.DataFrame, segments: pd.DataFrame, least_shown: int
) -> pd.DataFrame:
    """Category lift of each segment over everybody; for everyone, the category's share of all spend.

    A lift is drawn towards 1 by its number of buyers. `n` is buyers of the category.
    """
    amount = np.maximum(np.nan_to_num(numbers(taste, ["amount"])[:, 0]), 0.0)
    bought = pd.DataFrame(
        {
            "segment_id": _segment_of(taste["customer_id"], segments),
            "customer_id": taste["customer_id"].to_numpy(),
            "category": taste["category"].to_numpy(),
            "amount": amount,
        }
    ).dropna(subset=["category"])
    if bought["amount"].sum() <= 0:
        return _no_rows()
    everyone = _category_shares(bought.assign(segment_id=EVERYONE_ID))
    usual = everyone.set_index("category")["share"]
    own = _category_shares(bought.loc[bought["segment_id"] != EVERYONE_ID])
    lift = own["share"] / usual.reindex(own["category"]).to_numpy()
    own["score"] = (own["n"] * lift + PRIOR_WEIGHT) / (own["n"] + PRIOR_WEIGHT)
    everyone["score"] = everyone["share"]
    both = pd.concat(
        [everyone.assign(basis="share of spend, everyone"), own.assign(basis="category lift of the segment")]
    )
    named = pd.DataFrame({"action": list(actions), "category": list(actions.values())}).merge(both, on="category")
    kept: pd.DataFrame = named.loc[(named["n"] >= least_shown) & np.isfinite(named["score"])]
    return kept.assign(placement=placement, context_bucket=ANY_CONTEXT)[list(COLUMNS)]


def _category_shares(bought: pd.DataFrame) -> pd.DataFrame:
    sums = bought.groupby(["segment_id", "category"]).agg(amount=("amount", "sum"), n=("customer_id", "nunique"))
    sums = sums.reset_index()
    totals = sums.groupby("segment_id")["amount"].transform("sum")
    shares: pd.DataFrame = sums.assign(share=sums["amount"] / totals)
    return shares


def _segment_of(customers: pd.Series, segments: pd.DataFrame) -> np.ndarray:
    known = segments.drop_duplicates("customer_id").set_index("customer_id")["segment_id"]
    return customers.map(known).fillna(EVERYONE_ID).to_numpy(dtype=np.int64)


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS))
