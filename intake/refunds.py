"""Refunds of one file that give back more than their order cost; an order that is not in the file is no fault here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from intake.values import Whole

ORDER, REFUND = "order_completed", "order_refunded"
EXCEEDS = "refund_exceeds_order"
_CENT = 0.01


class RefundLedger:
    """Orders and refunds of one file; decides at its end, so that the order of the rows does not matter."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._orders: list[pd.DataFrame] = []
        self._refunds: list[pd.DataFrame] = []

    def add(self, events: pa.Table, *, known: bool = False) -> None:
        """Remember the orders and refunds among accepted events; known ones were judged before and only count."""
        types = events.column("event_type")
        for kind, kept in ((ORDER, self._orders), (REFUND, self._refunds)):
            mine = events.filter(pc.equal(types, kind))
            if mine.num_rows:
                kept.append(_frame(mine).assign(judged=not known))

    def excessive(self) -> list[str]:
        """Event ids of refunds with which an order's refunds, oldest first, would exceed what it cost."""
        if not self._orders or not self._refunds:
            return []
        cost = pd.concat(self._orders).groupby("order_id")["amount"].max() * self.limit + _CENT / 2
        refunds = pd.concat(self._refunds)
        refunds = refunds[refunds["order_id"].isin(cost.index)]
        refunds = refunds.sort_values(["order_id", "judged", "occurred_at", "event_id"])
        limits = refunds["order_id"].map(cost).to_numpy()
        sums = refunds.groupby("order_id")["amount"].cumsum().to_numpy()
        over = set(refunds.loc[sums > limits, "order_id"])
        found = []
        for order_id, group in refunds[refunds["order_id"].isin(over)].groupby("order_id"):
            places = _too_much(group["amount"].to_numpy(), float(cost[order_id]))
            found += group.iloc[places].query("judged")["event_id"].tolist()
        return found


def _frame(events: pa.Table) -> pd.DataFrame:
    columns: pd.DataFrame = events.select(["event_id", "order_id", "occurred_at"]).to_pandas()
    columns["amount"] = pc.cast(events.column("amount"), pa.float64()).to_numpy()
    return columns


def _too_much(amounts: np.ndarray[tuple[int], np.dtype[np.float64]], limit: float) -> Whole:
    paid, places = 0.0, []
    for place, amount in enumerate(amounts):
        if paid + amount > limit:
            places.append(place)
        else:
            paid += amount
    return np.array(places, dtype=np.int64)
