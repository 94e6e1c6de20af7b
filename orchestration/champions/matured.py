"""How right earlier scores were, now that their horizon has passed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from ml.churn_fit import churn_metrics
from ml.value import interval_metrics, value_metrics
from ml.value_fit import ValueScores
from orchestration.champions.shadow import TABLE
from orchestration.warehouse import Warehouse

METRIC: Final = "matured"
# Fewer customers, or fewer of a class, tell nothing.
LEAST_ROWS, LEAST_OF_A_CLASS = 100, 10
# The latest look of each version whose horizon has passed. Who was merged away since has another id, and no label here.
MATURED_SQL = f"""
    with due as (
        select model, model_version, max(as_of) as as_of from {TABLE}
        where as_of + to_days(horizon_days) <= ? group by model, model_version
    ),

    scored as (
        select s.* from {TABLE} as s
        inner join due on s.model = due.model and s.model_version = due.model_version and s.as_of = due.as_of
        where s.customer_id in (select customer_id from marts.dim_customer)
    )

    select s.model, s.model_version, s.as_of, s.customer_id, s.score, s.low, s.high,
        coalesce(cast(sum(o.order_amount) as double), 0) as spend, count(o.order_id) as orders
    from scored as s
    left join marts.fct_order as o
        on s.customer_id = o.customer_id and o.ordered_at >= s.as_of
        and o.ordered_at < s.as_of + to_days(s.horizon_days)
    group by all
    order by s.model, s.model_version, s.customer_id
"""


def matured(warehouse: Warehouse, as_of: datetime) -> dict[tuple[str, str], dict[str, float]]:
    """By model and version the figures of its latest look whose horizon has passed; without enough labels none."""
    if warehouse.count(TABLE) == 0:
        return {}
    rows = warehouse.frame(MATURED_SQL, [as_of.replace(tzinfo=None)])
    found = {}
    for (model, version), part in rows.groupby(["model", "model_version"], sort=True):
        figures = _churn(part) if str(model).startswith("churn") else _value(part)
        if figures:
            found[str(model), str(version)] = figures
    return found


def dimension(name: str, version: str) -> str:
    """Beginning of the dimensions under which a version's figures are kept; the figure's name follows."""
    return f"{name}@{version}:"


def kept(found: Mapping[tuple[str, str], Mapping[str, float]]) -> list[tuple[str, str, float]]:
    """Rows for the daily metrics."""
    return [
        (METRIC, f"{dimension(name, version)}{figure}", value)
        for (name, version), figures in found.items()
        for figure, value in figures.items()
    ]


def _churn(rows: pd.DataFrame) -> dict[str, float]:
    left = np.asarray(rows["orders"] == 0, dtype=np.float64)
    if len(left) < LEAST_ROWS or min(left.sum(), len(left) - left.sum()) < LEAST_OF_A_CLASS:
        return {}
    return {**churn_metrics(left, rows["score"].to_numpy(dtype=np.float64)), "customers": float(len(left))}


def _value(rows: pd.DataFrame) -> dict[str, float]:
    spend = np.maximum(rows["spend"].to_numpy(dtype=np.float64), 0.0)
    if len(spend) < LEAST_ROWS or (spend > 0).sum() < LEAST_OF_A_CLASS:
        return {}
    amount, low, high = (rows[name].to_numpy(dtype=np.float64) for name in ("score", "low", "high"))
    figures = {**value_metrics(spend, amount), **interval_metrics(spend, ValueScores(amount, low, high))}
    return figures | {"customers": float(len(spend))}
