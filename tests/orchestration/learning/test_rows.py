"""Rows of the facts as learning keeps them."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from orchestration.learning.rows import outcome_rows


@pytest.fixture
def facts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "create table fct_outcome (outcome_id varchar, kind varchar, customer_id varchar, session_id varchar,"
            " is_refused boolean, order_id varchar, personalization_id varchar, assignment_id varchar,"
            " occurred_at timestamp, received_at timestamp, is_converted boolean, revenue_amount decimal(18, 4),"
            " margin_amount decimal(18, 4), cost_amount decimal(18, 4), ltv_change_amount decimal(18, 4))"
        ).fetchall()
        connection.execute("create table fct_offer (assignment_id varchar)").fetchall()
        connection.execute("create table fct_exposure (personalization_id varchar)").fetchall()
        yield connection


def outcome(connection: duckdb.DuckDBPyConnection, outcome_id: str, **told: object) -> None:
    row = {
        "outcome_id": outcome_id,
        "kind": outcome_id.split(":")[0],
        "customer_id": "ann",
        "is_refused": False,
        **told,
    }
    values = ", ".join(f"? as {name}" for name in row)
    connection.execute(f"insert into fct_outcome by name select {values}", list(row.values())).fetchall()


def kept(connection: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[object, ...]]:
    rows = outcome_rows("fct_outcome", "fct_offer", "fct_exposure")
    return connection.execute(f"select {columns} from ({rows}) as kept order by outcome_id").fetchall()


@pytest.mark.parametrize(
    ("amount", "micros"),
    [
        ("0.0001", 100),
        ("-12.3456", -12_345_600),
        ("99999999", 99_999_999_000_000),
        ("100000000", 100_000_000_000_000),
        ("5000000000", 10**15),
        ("-99999999999999.9999", -(10**15)),
        (None, None),
    ],
)
def test_money_of_any_size_is_bounded_and_stops_nothing(
    facts: duckdb.DuckDBPyConnection, amount: str | None, micros: int | None
) -> None:
    money = dict.fromkeys(("revenue_amount", "margin_amount", "cost_amount", "ltv_change_amount"), amount)
    outcome(facts, "order:1", order_id="1", **money)
    columns = "revenue_micros, margin_micros, cost_micros, ltv_change_micros"
    assert kept(facts, columns) == [(micros,) * 4]


def test_an_order_that_names_an_offer_drawn_elsewhere_names_no_exposure(facts: duckdb.DuckDBPyConnection) -> None:
    facts.execute("insert into fct_offer values ('elsewhere'), ('shown here')").fetchall()
    facts.execute("insert into fct_exposure values ('shown here'), ('p')").fetchall()
    for name in ("elsewhere", "shown here", "p", "unknown"):
        outcome(facts, f"order:{name}", order_id=name, personalization_id=name)
        outcome(facts, f"report:{name}", personalization_id=name, assignment_id=name)
    outcome(facts, "order:none", order_id="none")
    assert kept(facts, "outcome_id, personalization_id") == [
        ("order:elsewhere", None),
        ("order:none", None),
        ("order:p", "p"),
        ("order:shown here", "shown here"),
        ("order:unknown", "unknown"),
        ("report:p", "p"),
        ("report:shown here", "shown here"),
        ("report:unknown", "unknown"),
    ]
