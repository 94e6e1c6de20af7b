"""Which customers wait for their rows: at first everybody, then those of changed days and identities."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from intake.ops_records import BatchRecord, LakeFile
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from orchestration.partitions import DayRange
from orchestration.refresh.customers import is_everybody, settle, touch_customers
from orchestration.refresh.days import MOST_DAYS_COMPARED, remember_days
from orchestration.refresh.marks import carried, carry, waiting
from orchestration.touched import consume, touch_again
from orchestration.warehouse import Warehouse

DAY = date(2017, 1, 10)
TODAY = DayRange(DAY, DAY)
WORD = "insert into intermediate.int_product_daily values ('2017-01-10', 'tea',"
SCHEMA = """
    create schema intermediate;
    create table intermediate.int_identifier_daily
        (event_date date, anchor_key bigint, login_key bigint, n_events bigint);
    create table intermediate.int_order_lines
        (event_date date, anchor_key bigint, login_key bigint, product_id varchar, line_category varchar);
    create table intermediate.int_order_milestone_daily
        (event_date date, anchor_key bigint, login_key bigint, order_id varchar, delivered_at timestamp);
    create table intermediate.int_product_daily
        (event_date date, product_id varchar, last_category struct(seen_at timestamp, seen varchar));
    insert into intermediate.int_product_daily values
        ('2017-01-02', 'tea', {'seen_at': timestamp '2017-01-02', 'seen': 'leaf'});
    insert into intermediate.int_order_milestone_daily values ('2016-05-01', 4, null, 'o4', null);
    create table intermediate.int_events (event_date date, anchor_key bigint);
    create table intermediate.int_identifier_customers (identifier_key bigint, customer_id varchar);
    insert into intermediate.int_identifier_daily values
        ('2017-01-10', 1, null, 5), ('2017-01-10', 2, 3, 5), ('2017-01-11', 4, null, 5);
    insert into intermediate.int_identifier_customers values (1, 'ann'), (2, 'bob'), (3, 'cid'), (4, 'dan');
    insert into intermediate.int_order_lines values
        ('2016-05-01', 4, null, 'tea', null), ('2016-05-01', 1, null, 'tea', 'drinks');
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Four customers whose rows have been made."""
    found = Warehouse(tmp_path / "warehouse.duckdb")
    found.prepare()
    run(found, SCHEMA)
    touch_customers(found, "v1", "first")
    assert settle(found, "v1", "first")
    return found


def run(warehouse: Warehouse, sql: str) -> None:
    with warehouse.connect() as connection:
        for statement in filter(str.strip, sql.split(";")):
            connection.execute(statement).fetchall()


def customers(warehouse: Warehouse) -> set[str]:
    return {str(row[0]) for row in warehouse.rows("select customer_id from refresh.customer")}


def test_the_first_run_concerns_everybody_until_it_is_answered(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    assert touch_customers(warehouse, "v1", "a").everybody == "first run"
    assert is_everybody(warehouse)
    assert settle(warehouse, "v1", "a")
    assert not is_everybody(warehouse)


def test_other_code_or_configuration_concerns_everybody(warehouse: Warehouse) -> None:
    assert touch_customers(warehouse, "v1", "a").everybody is None
    assert touch_customers(warehouse, "v2", "b").everybody == "code or configuration changed"


def test_a_day_rebuilt_as_it_was_concerns_nobody(warehouse: Warehouse) -> None:
    remember_days(warehouse, TODAY)
    touched = touch_customers(warehouse, "v1", "a")
    assert (touched.customers, touched.days) == (0, 1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("update intermediate.int_identifier_daily set n_events = 6 where anchor_key = 1", {"ann"}),
        ("delete from intermediate.int_identifier_daily where anchor_key = 1", {"ann"}),
        ("update intermediate.int_identifier_daily set n_events = 6 where anchor_key = 2", {"bob", "cid"}),
        ("insert into intermediate.int_identifier_daily values ('2017-01-10', 9, 4, 1)", {"dan"}),
        ("update intermediate.int_identifier_daily set n_events = 6 where anchor_key = 4", set()),
        ("insert into intermediate.int_events values ('2017-01-10', 1)", set()),
        (f"{WORD} {{'seen_at': timestamp '2017-01-10', 'seen': 'leaf'}})", set()),
        (f"{WORD} {{'seen_at': timestamp '2017-01-10', 'seen': 'herb'}})", {"dan"}),
        ("insert into intermediate.int_order_milestone_daily values ('2017-01-10', null, null, 'o4', now())", {"dan"}),
    ],
)
def test_who_came_out_differently_is_touched(warehouse: Warehouse, change: str, expected: set[str]) -> None:
    remember_days(warehouse, TODAY)
    run(warehouse, change)
    touch_customers(warehouse, "v1", "a")
    assert customers(warehouse) == expected


def test_a_day_is_compared_with_what_the_rows_were_made_from(warehouse: Warehouse) -> None:
    remember_days(warehouse, TODAY)
    run(warehouse, "update intermediate.int_identifier_daily set n_events = 6 where anchor_key = 1")
    remember_days(warehouse, TODAY)
    touch_customers(warehouse, "v1", "a")
    assert customers(warehouse) == {"ann"}


def test_both_owners_of_a_moved_identifier_are_touched_with_all_that_decides_their_rows(warehouse: Warehouse) -> None:
    run(
        warehouse,
        "insert into identity.identity_assignment (identifier_key, canonical_id) values (2, 'dan'), (4, 'dan');"
        "insert into refresh.changed_identifier values (2)",
    )
    touch_customers(warehouse, "v1", "a")
    assert customers(warehouse) == {"bob", "dan"}
    keys = {row[0] for row in warehouse.rows("select identifier_key from refresh.identifier")}
    assert keys == {2, 3, 4}


def test_what_no_run_has_answered_waits_for_the_next(warehouse: Warehouse) -> None:
    run(warehouse, "insert into refresh.changed_identifier values (1)")
    touch_customers(warehouse, "v1", "killed")
    run(warehouse, "insert into refresh.changed_identifier values (4)")
    touch_customers(warehouse, "v1", "next")
    assert not settle(warehouse, "v1", "killed")
    assert customers(warehouse) == {"ann", "dan"}
    assert settle(warehouse, "v1", "next")
    assert customers(warehouse) == set()


def test_a_long_backfill_concerns_everybody(warehouse: Warehouse) -> None:
    remember_days(warehouse, DayRange(DAY, DAY + timedelta(days=MOST_DAYS_COMPARED)))
    assert touch_customers(warehouse, "v1", "a").everybody == f"{MOST_DAYS_COMPARED + 1} days rebuilt"


def test_marks_wait_from_the_rebuild_to_the_answer(tmp_path: Path) -> None:
    ops, noon = OpsStore(DataPaths(tmp_path)), datetime(2017, 1, 10, 12, tzinfo=UTC)
    file = LakeFile("lake/a.parquet", "till", DAY, "batch", 1, noon, noon, noon)
    ops.record_batch(BatchRecord("batch", "till", "1", "f", "h", 1, 1, 0, 0, 0, 1, noon, noon), [file])
    assert waiting(ops) == []
    consume(ops, ops.touches(), TODAY, "days")
    assert waiting(ops) == ["2017-01-10:batch"]
    carry(ops, "killed")
    assert waiting(ops) == ["2017-01-10:batch"]
    carry(ops, "next")
    carried(ops, "killed")
    assert waiting(ops) == ["2017-01-10:batch"]
    carried(ops, "next")
    assert waiting(ops) == []
    touch_again(ops, [file])
    consume(ops, ops.touches(), TODAY, "again")
    assert waiting(ops) == ["2017-01-10:batch"]
