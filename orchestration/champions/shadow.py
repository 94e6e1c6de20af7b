"""Scores written down once a week, of the champion and of its challenger, until their labels are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd

from ml.churn import ChurnModel
from ml.value import ValueModel
from orchestration.horizons.names import NEAR_SUFFIX
from orchestration.model_registry import CHALLENGER, CHAMPION, ModelRegistry, StoredModel
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import source_table

TABLE: Final = "ml.score_history"
# Labels of a quarter change little within a week, and five thousand customers tell 0.01 of AUC.
EVERY: Final = timedelta(days=7)
CUSTOMERS: Final = 5_000
# Beyond the longest horizon and a year for the same season.
KEPT_DAYS: Final = 800
SAMPLE_SQL = f"""
    select * from marts.customer_features
    where orders_lifetime > 0 and customer_id in (select customer_id from marts.customer_consent where is_profiled)
    order by md5(customer_id) limit {CUSTOMERS}
"""
LAST_SQL = f"select model, model_version, max(as_of) from {TABLE} group by model, model_version"
GONE = """
    as_of < ? or customer_id not in (select customer_id from marts.customer_consent where is_profiled)
"""
Frame = pd.DataFrame
Answer = Callable[[StoredModel, Frame], Frame]


def _churn(stored: StoredModel, rows: Frame) -> Frame:
    model = ChurnModel.from_files(stored.files)
    return pd.DataFrame({"score": model.predict(rows), "low": None, "high": None, "horizon_days": model.horizon_days})


def _value(stored: StoredModel, rows: Frame) -> Frame:
    model = ValueModel.from_files(stored.files)
    scores = model.predict(rows)
    return pd.DataFrame(
        {"score": scores.amount, "low": scores.low, "high": scores.high, "horizon_days": model.horizon_days}
    )


ANSWERS: Final[dict[str, Answer]] = {"churn": _churn, "value": _value}
SHADOWED: Final = tuple(f"{name}{suffix}" for name in ANSWERS for suffix in ("", NEAR_SUFFIX))


def write_down(warehouse: Warehouse, registry: ModelRegistry, as_of: datetime) -> tuple[int, list[str]]:
    """Append the scores that are due; returns (rows, what could not answer and why).

    Rows of people who refused since, and those older than `KEPT_DAYS`, go.
    """
    warehouse.prepare()
    moment = as_of.replace(tzinfo=None)
    with warehouse.connect() as connection:
        connection.execute(f"delete from {TABLE} where {GONE}", [moment - timedelta(days=KEPT_DAYS)]).fetchall()
    due = _due(warehouse, registry, moment)
    if not due:
        return 0, []
    rows = warehouse.frame(SAMPLE_SQL)
    frames, failed = [], []
    for name, version, role in due if len(rows) else []:
        try:
            frames.append(_answered(registry.load(name, version), rows, role, moment))
        except Exception as error:  # noqa: BLE001 - a challenger that cannot answer must not stop the champion
            failed.append(f"{name}/{version}: {' '.join(str(error).split())}")
    return _append(warehouse, frames), failed


def _due(warehouse: Warehouse, registry: ModelRegistry, moment: datetime) -> list[tuple[str, str, str]]:
    """Model, version and role of what was not written down within a week."""
    last = {(str(name), str(version)): at for name, version, at in warehouse.rows(LAST_SQL)}
    linked = [(name, registry.linked(name, link), link) for name in SHADOWED for link in (CHAMPION, CHALLENGER)]
    return [
        (name, version, "champion" if link == CHAMPION else "challenger")
        for name, version, link in linked
        if version and _is_due(last.get((name, version)), moment)
    ]


def _is_due(last: Any, moment: datetime) -> bool:
    return last is None or pd.Timestamp(last).to_pydatetime() + EVERY <= moment


def _answered(stored: StoredModel, rows: Frame, role: str, moment: datetime) -> Frame:
    answer = ANSWERS[stored.card.name.removesuffix(NEAR_SUFFIX)](stored, rows)
    return answer.assign(
        model=stored.card.name,
        model_version=stored.card.version,
        role=role,
        as_of=moment,
        customer_id=rows["customer_id"].to_numpy(),
    )


def _append(warehouse: Warehouse, frames: Sequence[Frame]) -> int:
    if not frames:
        return 0
    names = list(source_table(TABLE).column_names)
    frame = pd.concat([one[names].astype({"low": float, "high": float}) for one in frames], ignore_index=True)
    return warehouse.replace({TABLE: frame}, where="false")[TABLE]
