"""Reports of outcomes that are made again have no mate that is not, and prices are remembered before they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.refresh.customers import settle, touch_customers
from orchestration.refresh.outcomes import note_mates, touch_outcomes
from orchestration.warehouse import Warehouse

SCHEMA = """
    create schema intermediate;
    create schema marts;
    create table intermediate.int_outcomes_told
        (event_id varchar, event_date date, event_kind varchar, outcome_key varchar, order_id varchar,
         anchor_key bigint, login_key bigint);
    create table intermediate.int_events
        (event_id varchar, event_date date, event_type varchar, order_id varchar, personalization_id varchar,
         product_id varchar, properties varchar, is_bot boolean);
    create table marts.dim_product (product_id varchar, cost decimal(18, 4), priced_at timestamp);
    insert into intermediate.int_outcomes_told values
        ('order a', '2017-01-01', 'order', 'a', 'a', 1, null),
        ('back a', '2017-01-05', 'refund', 'id:r', 'a', null, null),
        ('back b', '2017-01-09', 'refund', 'id:r', 'b', null, 3),
        ('order b', '2017-01-02', 'order', 'b', 'b', 2, null),
        ('order c', '2017-01-05', 'order', 'c', 'c', 4, null),
        ('nameless', '2017-01-03', 'refund', ':5:1', null, null, null),
        ('nameless too', '2017-01-04', 'refund', ':7:1', null, null, null);
    insert into marts.dim_product values ('tea', 1.5, '2017-01-02 10:00'), ('cup', 4, '2017-01-20 10:00');
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Seven reports and two prices."""
    found = Warehouse(tmp_path / "warehouse.duckdb")
    found.prepare()
    run(found, SCHEMA)
    return found


def run(warehouse: Warehouse, sql: str) -> None:
    with warehouse.connect() as connection:
        for statement in filter(str.strip, sql.split(";")):
            connection.execute(statement).fetchall()


def touched(warehouse: Warehouse, day: str) -> set[str]:
    run(warehouse, f"insert into refresh.day values ('{day}')")
    with warehouse.connect() as connection:
        touch_outcomes(connection)
    return noted(warehouse)


def noted(warehouse: Warehouse) -> set[str]:
    return {str(row[0]) for row in warehouse.rows("select event_id from refresh.outcome_event")}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        # Over an order to its refund, over the refund's number to another order, and to that order's own report.
        ("2017-01-01", {"order a", "back a", "back b", "order b"}),
        ("2017-01-03", {"nameless", "nameless too"}),
        ("2017-01-08", set()),
    ],
)
def test_what_is_told_together_is_told_again_together(warehouse: Warehouse, day: str, expected: set[str]) -> None:
    assert touched(warehouse, day) == expected


def test_a_new_report_reaches_what_it_names(warehouse: Warehouse) -> None:
    run(
        warehouse,
        "insert into intermediate.int_events values"
        " ('again', '2017-01-08', 'order_refunded', null, null, null, '{\"refund_id\": \"r\"}', false),"
        " ('ticket', '2017-01-08', 'support_ticket_opened', 'c', null, null, '{\"topic\": \"opening hours\"}', false)",
    )
    assert touched(warehouse, "2017-01-08") == {"again", "order a", "back a", "back b", "order b", *NAMELESS}


# The new refund names no order either; more than needed is made again.
NAMELESS = {"nameless", "nameless too"}


def test_mates_of_the_erased_are_noted_before_they_go(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        note_mates(connection, {"order c"}, {3})
    assert noted(warehouse) == {"order a", "back a", "back b", "order b", "order c"}


def test_what_a_product_cost_before_stays_until_it_is_answered(warehouse: Warehouse) -> None:
    run(
        warehouse,
        "insert into intermediate.int_events values"
        " ('p', '2017-01-08', 'price_updated', null, null, 'new', '{}', false);"
        "insert into refresh.settled values ('v1')",
    )
    costs = "select product_id, cast(cost as double) from refresh.product_cost order by 1"
    touched(warehouse, "2017-01-08")
    touched(warehouse, "2017-01-02")
    assert warehouse.rows(costs) == [("new", None), ("tea", 1.5)]
    run(warehouse, "update marts.dim_product set cost = 2")
    touched(warehouse, "2017-01-20")
    assert warehouse.rows(costs) == [("cup", 2.0), ("new", None), ("tea", 1.5)]
    assert touch_customers(warehouse, "v2", "run").everybody is not None
    assert settle(warehouse, "v2", "run")
    assert warehouse.rows(costs) == []
