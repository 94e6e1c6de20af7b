"""Before any model is trained, an hour moves touched customers alone and leaves what looking at everybody would."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from orchestration.assets.scores import of_touched
from orchestration.model_registry import ModelRegistry
from orchestration.refresh.scope import WHERE_TOUCHED
from orchestration.scoring import unsegmented
from orchestration.segments.people import PROFILED
from orchestration.warehouse import Warehouse

FLOOR = 5
EVERYBODY = f"select customer_id, as_of, lifecycle from marts.dim_customer where {PROFILED}"


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Ten active customers, eight prospects and four new ones, who are too few to act on."""
    found = Warehouse(tmp_path / "w.duckdb")
    found.prepare()
    change(
        found,
        "create schema marts",
        "create table marts.dim_customer as select 'c' || n as customer_id, timestamp '2018-01-01' as as_of,"
        " case when n < 10 then 'active' when n < 18 then 'prospect' else 'new' end as lifecycle"
        " from range(22) as numbers(n)",
        "create table marts.customer_consent as select customer_id, true as is_profiled from marts.dim_customer",
    )
    found.replace({"ml.segment_assignment": whole(found)})
    return found


def change(warehouse: Warehouse, *statements: str) -> None:
    with warehouse.connect() as connection:
        for statement in statements:
            connection.execute(statement).fetchall()


def whole(warehouse: Warehouse) -> pd.DataFrame:
    return unsegmented(warehouse.frame(EVERYBODY), FLOOR)


def hour(warehouse: Warehouse, *customers: str) -> pd.DataFrame | None:
    change(warehouse, *(f"insert into refresh.customer values ('{name}')" for name in customers))
    return of_touched(warehouse, ModelRegistry(warehouse.path.parent / "models"), FLOOR)


def rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    names = ["customer_id", "persona_id", "segment_id", "segment_name", "rung", "model_version"]
    return sorted(frame[names].itertuples(index=False, name=None))


def test_touched_customers_alone_move_as_everybody_would(warehouse: Warehouse) -> None:
    change(
        warehouse,
        "update marts.dim_customer set lifecycle = 'active' where customer_id = 'c17'",
        "update marts.dim_customer set lifecycle = 'active' where customer_id = 'c18'",
        "insert into marts.dim_customer values ('c30', timestamp '2018-01-02', 'new')",
        "insert into marts.customer_consent values ('c30', true)",
        "update marts.customer_consent set is_profiled = false where customer_id = 'c3'",
    )
    touched = hour(warehouse, "c17", "c18", "c30", "c3", "c1")
    assert touched is not None
    assert sorted(touched["customer_id"]) == ["c1", "c17", "c18", "c30"]
    warehouse.replace({"ml.segment_assignment": touched}, where=WHERE_TOUCHED)
    assert rows(warehouse.frame("from ml.segment_assignment")) == rows(whole(warehouse))


@pytest.mark.parametrize(
    "statement",
    [
        "update marts.dim_customer set lifecycle = 'new' where customer_id = 'c17'",
        "update marts.dim_customer set lifecycle = 'active' where lifecycle = 'prospect' and customer_id < 'c14'",
        "update ml.segment_assignment set model_version = '7' where customer_id = 'c2'",
        "delete from ml.segment_assignment",
    ],
    ids=["a stage is large enough now", "a stage is too small now", "rows of a model", "nobody stands anywhere"],
)
def test_otherwise_everybody_is_looked_at(warehouse: Warehouse, statement: str) -> None:
    change(warehouse, statement)
    assert hour(warehouse, "c17") is None
