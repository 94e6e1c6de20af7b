"""dbt's own unit tests, data tests and contracts on the small shop, and facts that can be counted by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.dbt.dbt_room import Room


def test_every_unit_test_passes(built: Room) -> None:
    results = built.dbt("test", "--select", "test_type:unit")
    models = built.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name IN ('staging', 'intermediate', 'marts')"
    )
    assert len(results) >= 0.3 * models[0][0]


def test_every_data_test_passes(built: Room) -> None:
    results = built.dbt("test", "--select", "test_type:data")
    assert len(results) > 90


def test_a_broken_total_is_noticed(built: Room) -> None:
    built.execute(
        "UPDATE intermediate.int_order_lines SET amount = amount + 1 WHERE order_id = 'o1' AND line_number = 1"
    )
    try:
        with pytest.raises(AssertionError, match="assert_order_lines_sum_to_the_order"):
            built.dbt("test", "--select", "assert_order_lines_sum_to_the_order")
    finally:
        built.execute(
            "UPDATE intermediate.int_order_lines SET amount = amount - 1 WHERE order_id = 'o1' AND line_number = 1"
        )


def test_guests_have_no_customer_but_count_in_revenue(built: Room) -> None:
    guests = built.execute("SELECT order_id, order_amount FROM marts.fct_order WHERE customer_id IS NULL")
    assert guests == [("guest", Decimal("9.9900"))]
    assert built.execute("SELECT count(*) FROM marts.fct_order") == [(19,)]


def test_a_refund_is_netted_on_its_order(built: Room) -> None:
    found = built.execute("SELECT n_refunds, refund_amount, net_amount FROM marts.fct_order WHERE order_id = 'o3'")
    assert found == [(1, Decimal("2.5000"), Decimal("0.0000"))]


def test_bots_are_no_customers_and_one_refusal_holds_for_the_person(built: Room) -> None:
    flags = built.execute(
        "SELECT orders_lifetime, consent_personalization, consent_analytics, consent_marketing_email"
        " FROM marts.customer_features WHERE orders_lifetime > 0 ORDER BY consent_personalization, orders_lifetime"
    )
    assert flags == [(6, False, True, False), (6, True, True, False), (6, True, True, False)]
    assert built.execute("SELECT count(*) FROM marts.fct_session WHERE is_bot AND customer_id IS NOT NULL") == [(0,)]


def test_a_login_within_the_session_speaks_for_the_browser(built: Room) -> None:
    found = built.execute(
        "SELECT s.customer_id = c.customer_id FROM marts.fct_session AS s"
        " CROSS JOIN (SELECT customer_id FROM marts.fct_order WHERE order_id = 'o3') AS c WHERE session_id = 'v5'"
    )
    assert found == [(True,)]
