"""What `fct_outcome` says of events, over small tables by hand and without a run of dbt."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.learning.rendering import rendered

ZONE = "Europe/Berlin"
TABLES = """
    create table int_events (
        event_id varchar, event_type varchar, occurred_at timestamp, received_at timestamp, event_date date,
        source varchar, session_id varchar, order_id varchar, amount decimal(18, 4), experiment_id varchar,
        personalization_id varchar, properties varchar, anchor_key bigint, login_key bigint, is_bot boolean,
        is_simulated boolean
    );
    create table int_order_lines (event_id varchar, event_type varchar, product_id varchar, quantity decimal(18, 3));
    create table dim_product (product_id varchar, cost decimal(18, 4));
    create table int_identifier_customers (
        identifier_key bigint, customer_id varchar, valid_from_date date, valid_to_date date, is_tracked boolean
    )
"""


class Events:
    """Events by hand, and the outcomes that the model makes of them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        for table in TABLES.split(";"):
            connection.execute(table).fetchall()
        for step in ("int_outcomes_told", "int_orders_priced", "int_refunds_bounded"):
            connection.execute(f"create view {step} as {rendered(step, ZONE)}").fetchall()

    def happened(self, event_id: str, event_type: str, at: str, **told: Any) -> None:
        """One event, received at once."""
        fixed = {"source": "shop", "session_id": "s1", "properties": "{}", "is_bot": False, "is_simulated": False}
        when = {"occurred_at": at, "received_at": at, "event_date": at[:10]}
        row = {"event_id": event_id, "event_type": event_type, **when, **fixed, **told}
        values = ", ".join(f"? as {name}" for name in row)
        self.connection.execute(f"insert into int_events by name select {values}", list(row.values())).fetchall()

    def bought(self, event_id: str, product: str, quantity: str, cost: str | None = None) -> None:
        """One line of an order's receipt and, with a cost, what its product costs by the price list."""
        line = (event_id, "order_completed", product, quantity)
        self.connection.execute("insert into int_order_lines values (?, ?, ?, ?)", line).fetchall()
        if cost is not None:
            self.connection.execute("insert into dim_product values (?, ?)", (product, cost)).fetchall()

    def outcomes(self, columns: str) -> dict[str, tuple[Any, ...]]:
        """Columns of each outcome by its id."""
        query = rendered("fct_outcome", ZONE)
        rows = self.connection.execute(f"select outcome_id, {columns} from ({query}) as told").fetchall()
        found = {row[0]: row[1:] for row in rows}
        assert len(found) == len(rows), "one row an outcome"
        return found


@pytest.fixture
def events() -> Iterator[Events]:
    with duckdb.connect() as connection:
        yield Events(connection)


MONEY = "margin_amount, margin_basis"


def test_money_that_is_a_mistake_stops_no_other_row(events: Events) -> None:
    at = "2026-01-01 10:00:00"
    stated = '{"margin_amount": 5000000000, "cost_amount": 1e30, "ltv_change_amount": "much"}'
    events.happened("o1", "order_completed", at, order_id="1", amount=20, properties=stated)
    events.happened("o2", "order_completed", at, order_id="2", amount=20)
    events.bought("o2", "x", "1000000000", cost="150")
    events.happened("o3", "order_completed", at, order_id="3", amount=20)
    events.bought("o3", "y", "999999999999999", cost="99999999999999")
    found = events.outcomes(f"{MONEY}, cost_amount, ltv_change_amount")
    assert found == {
        "order:1": (Decimal(5_000_000_000), "stated", None, None),
        "order:2": (Decimal(-149_999_999_980), "price_list", None, None),
        "order:3": (Decimal(20), "revenue", None, None),
    }


def test_refunds_give_back_at_most_what_their_order_cost(events: Events) -> None:
    events.happened("o", "order_completed", "2026-01-01 10:00:00", order_id="1", amount=10)
    for number, amount in enumerate(("4", "-3", "8", "5"), start=1):
        properties = f'{{"refund_id": "{number}"}}'
        at = f"2026-01-0{number + 1} 10:00:00"
        events.happened(f"r{number}", "order_refunded", at, order_id="1", amount=amount, properties=properties)
    events.happened("r1-again", "order_refunded", "2026-01-02 10:00:01", order_id="1", amount="4", source="till",
                    properties='{"refund_id": "1"}')  # fmt: skip
    events.happened("r9", "order_refunded", "2026-01-02 10:00:00", order_id="unknown", amount="70")
    found = events.outcomes("revenue_amount")
    given_back = [found[f"refund:id:{number}"][0] for number in (1, 2, 3, 4)]
    assert given_back == [Decimal(-4), Decimal(-3), Decimal(-3), Decimal(0)]
    assert sum(given_back) + found["order:1"][0] == 0
    assert found["refund:unknown:70.0000:1"] == (Decimal(-70),)


@pytest.mark.parametrize(
    ("promised", "delivered", "kind"),
    [
        # The day on which clocks go forward in Berlin begins at +1 and ends at +2.
        ("2026-03-28", "2026-03-28 22:59:59", "delivery_on_time"),
        ("2026-03-28", "2026-03-28 23:00:00", "delivery_late"),
        ("2026-03-29", "2026-03-29 21:59:59", "delivery_on_time"),
        ("2026-03-29", "2026-03-29 22:00:00", "delivery_late"),
        # The day on which they go back begins at +2 and ends at +1.
        ("2026-10-24", "2026-10-24 21:59:59", "delivery_on_time"),
        ("2026-10-24", "2026-10-24 22:00:00", "delivery_late"),
        ("2026-10-25", "2026-10-25 22:59:59", "delivery_on_time"),
        ("2026-10-25", "2026-10-25 23:00:00", "delivery_late"),
    ],
)
def test_a_delivery_comes_on_its_day_by_the_shops_clock(
    events: Events, promised: str, delivered: str, kind: str
) -> None:
    promise = f'{{"promised_date": "{promised}"}}'
    events.happened("p", "delivery_promised", "2026-03-01 10:00:00", order_id="1", properties=promise)
    events.happened("d", "delivery_completed", delivered, order_id="1")
    assert events.outcomes("kind") == {"delivery:1": (kind,)}
