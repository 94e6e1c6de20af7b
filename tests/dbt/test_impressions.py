"""Whose click is whose, over small tables by hand and without a run of dbt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.learning.rendering import expression
from tests.dbt.dbt_room import PROJECT

TABLES = """
    create table int_events (
        event_id varchar, event_type varchar, occurred_at timestamp, event_date date, session_id varchar,
        product_id varchar, category varchar, properties varchar, anchor_key bigint, login_key bigint, is_bot boolean,
        is_simulated boolean
    );
    create table dim_product (product_id varchar, category varchar, brand varchar);
    create table int_identifier_customers (
        identifier_key bigint, customer_id varchar, valid_from_date date, valid_to_date date, is_tracked boolean
    );
    insert into dim_product values ('p1', 'lamps', 'Berg'), ('p2', 'lamps', 'Tal');
    insert into int_identifier_customers values (1, 'ann', '2000-01-01', '9999-12-31', true),
        (2, 'bo', '2000-01-01', '9999-12-31', false)
"""


class Shop:
    """Lists and clicks by hand, and the impressions that the model makes of them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        for table in TABLES.split(";"):
            connection.execute(table).fetchall()

    def happened(self, event_id: str, event_type: str, at: str, **told: Any) -> None:
        """One event of person 1, on the 2nd of January."""
        when = {"occurred_at": f"2018-01-02 {at}", "event_date": "2018-01-02"}
        row = {"event_id": event_id, "event_type": event_type, **when, "anchor_key": 1, "is_bot": False, **told}
        row["properties"] = json.dumps(row.get("properties", {}))
        values = ", ".join(f"? as {name}" for name in row)
        self.connection.execute(f"insert into int_events by name select {values}", list(row.values())).fetchall()

    def shown(self, event_id: str, at: str, *items: dict[str, Any], list_id: str | None = None, **told: Any) -> None:
        """A list of items."""
        properties = {"lines": list(items)} | ({"list_id": list_id} if list_id else {})
        self.happened(event_id, "product_list_viewed", at, properties=properties, **told)

    def clicked(self, event_id: str, at: str, product: str, **told: Any) -> None:
        """A click on a product."""
        self.happened(event_id, "product_clicked", at, product_id=product, **told)

    def rows(self, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Columns of the impressions in order."""
        query = expression((PROJECT / "models/marts/fct_impression.sql").read_text(encoding="utf-8"))
        return self.connection.execute(
            f"select {columns} from ({query}) as told where {where} order by list_view_id, item_number"
        ).fetchall()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with duckdb.connect() as connection:
        yield Shop(connection)


def test_a_click_belongs_to_the_latest_list_before_it_that_showed_the_product(shop: Shop) -> None:
    for name, at in (("a", "10:00:00"), ("b", "10:05:00"), ("c", "10:10:00")):
        shop.shown(name, at, {"product_id": "p1"}, *([] if name == "c" else [{"product_id": "p2"}]))
    shop.clicked("k1", "10:11:00", "p2")
    shop.clicked("k2", "10:12:00", "p2")
    assert shop.rows("list_view_id, product_id, clicked_at::time::varchar", "is_clicked") == [("b", "p2", "10:11:00")]
    assert len(shop.rows("1")) == 5


@pytest.mark.parametrize(
    ("at", "told", "is_clicked"),
    [
        ("10:30:00", {}, True),
        ("10:30:01", {}, False),
        ("09:59:59", {}, False),
        ("10:10:00", {"anchor_key": 2}, False),
        ("10:10:00", {"is_bot": True}, False),
        ("10:10:00", {"properties": {"list_id": "other"}}, False),
        ("10:10:00", {"properties": {"list_id": "sale"}}, True),
    ],
)
def test_a_click_counts_for_the_same_person_and_list_within_half_an_hour(
    shop: Shop, at: str, told: dict[str, Any], *, is_clicked: bool
) -> None:
    shop.shown("a", "10:00:00", {"product_id": "p1"}, list_id="sale")
    shop.clicked("k", at, "p1", **told)
    assert shop.rows("is_clicked") == [(is_clicked,)]


def test_items_are_told_by_the_list_and_by_the_catalogue_where_it_is_silent(shop: Shop) -> None:
    items: list[dict[str, Any]] = [
        {"product_id": "p1", "position": "21", "price": "4.50", "color": "red", "fit": "slim"},
        {"sku": "p2", "position": "first", "price": 2, "brand": "Own", "variant": "blue", "category": "sale"},
        {"product_id": "p9", "price": "free"},
        {"brand": "nothing"},
    ]
    shop.shown("a", "10:00:00", *items, category="list")
    columns = "product_id, position, category, brand, colour, fit, price, customer_id"
    assert shop.rows(columns) == [
        ("p1", 21, "list", "Berg", "red", "slim", Decimal("4.5000"), "ann"),
        ("p2", 2, "sale", "Own", "blue", None, Decimal("2.0000"), "ann"),
        ("p9", 3, "list", None, None, None, None, "ann"),
    ]


def test_price_bands_are_thirds_of_the_list(shop: Shop) -> None:
    prices = [9, 1, 5, None, 2, 7, 3, 1]
    shop.shown("a", "10:00:00", *({"product_id": f"q{n}", "price": price} for n, price in enumerate(prices)))
    shop.shown("b", "11:00:00", {"product_id": "q1", "price": 1}, {"product_id": "q2", "price": 2})
    assert [row[0] for row in shop.rows("price_band")] == [
        "high", "low", "middle", None, "low", "high", "middle", "low", None, None,
    ]  # fmt: skip


def test_who_refused_is_no_customer(shop: Shop) -> None:
    shop.shown("a", "10:00:00", {"product_id": "p1"}, anchor_key=2)
    assert shop.rows("customer_id") == [(None,)]
