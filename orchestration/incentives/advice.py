"""The uplift model's advice as profiles carry it: only about placements that ask for it, and actions they have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import duckdb

from orchestration.refresh.whose import EVERYBODY, Whose
from orchestration.warehouse import Warehouse
from serving.snapshot.records import FeatureValue
from serving.uplift import BEST, GAIN, LOW, SEPARATOR, Actions

THERE: Final = """
    select 1 from information_schema.tables where table_schema = 'marts' and table_name = 'customer_incentives'
"""
ADVICE: Final = """
    select customer_id, placement, arm, margin_uplift, margin_low, is_recommended from marts.customer_incentives
    where placement in ({marks}) and {whose} order by customer_id, placement, arm
"""
Advice = dict[str, dict[str, FeatureValue]]


def advice_now(warehouse: Warehouse, actions: Actions, whose: Whose = EVERYBODY) -> Advice:
    """Customer → advice by the name under which a profile carries it; nothing where no placement asks.

    Args:
        actions: placement whose log taught the advice → actions it may be about.
        whose: of which customers.
    """
    if not actions or not warehouse.rows(THERE):
        return {}
    sql = _sql(actions, whose.among("customer_id"))
    return _by_customer(warehouse.rows(sql, sorted(actions)), actions)


def published_advice(database: Path, actions: Actions, customer_id: str | None = None) -> Advice:
    """The same of one customer, or of all, from the published tables."""
    if not actions or not database.exists():
        return {}
    asked = [*sorted(actions), *([] if customer_id is None else [customer_id])]
    with duckdb.connect(str(database), read_only=True) as connection:
        if not connection.execute(THERE).fetchall():
            return {}
        rows = connection.execute(_sql(actions, "true" if customer_id is None else "customer_id = ?"), asked).fetchall()
    return _by_customer(rows, actions)


def _sql(actions: Actions, whose: str) -> str:
    return ADVICE.format(marks=", ".join("?" for _ in actions), whose=whose)


def _by_customer(rows: Iterable[Sequence[object]], actions: Actions) -> Advice:
    found: Advice = {}
    for customer, source, arm, gain, low, is_recommended in rows:
        own, about = found.setdefault(str(customer), {}), f"{source}{SEPARATOR}{arm}"
        if is_recommended:
            own[f"{BEST}{SEPARATOR}{source}"] = str(arm)
        if str(arm) in actions[str(source)]:
            own[f"{GAIN}{SEPARATOR}{about}"] = float(str(gain))
            own[f"{LOW}{SEPARATOR}{about}"] = float(str(low))
    return found
