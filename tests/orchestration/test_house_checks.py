"""Checks of our own, at and around their bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.clock import FixedClock
from intake.ops_records import BatchRecord
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.checks.house_checks import (
    MATCH,
    batches_conserve_rows,
    checked,
    match_rate_holds,
    orders_share_a_currency,
    refunds_fit_their_orders,
    staged_equals_lake,
)
from orchestration.warehouse import Warehouse

NOW = datetime(2018, 1, 2, tzinfo=UTC)


def _batch(name: str, read: int, accepted: int, quarantined: int) -> BatchRecord:
    return BatchRecord(name, "till", "1", "f", "h", read, accepted, 0, quarantined, 0, accepted, NOW, NOW)


def test_batches_that_account_for_every_row_hold() -> None:
    assert batches_conserve_rows([]).passed
    assert batches_conserve_rows([_batch("a", 10, 8, 2), _batch("b", 0, 0, 0)]).passed


def test_a_batch_that_loses_a_row_is_named() -> None:
    verdict = batches_conserve_rows([_batch("a", 10, 8, 2), _batch("torn", 10, 8, 1)])
    assert not verdict.passed
    assert verdict.sentence == "1 of 2 batches lose or double rows, first torn"


def test_an_alert_says_what_was_found_until_the_check_holds(tmp_path: Path) -> None:
    project = Project(DataPaths(tmp_path), tmp_path / "config", Settings(), FixedClock(NOW))
    checked(project, MATCH, "match_rate", match_rate_holds(0.25, 0.6), blocking=False)
    (alert,) = OpsStore(project.paths).standing_alerts()
    told = "marts/match_rate_daily: check match_rate failed: match rate 0.250, at least 0.60 wanted"
    assert (alert.title, alert.severity) == (told, "warning")
    checked(project, MATCH, "match_rate", match_rate_holds(0.75, 0.6), blocking=False)
    assert OpsStore(project.paths).standing_alerts() == []


@pytest.mark.parametrize(("rate", "holds"), [(0.6, True), (0.5999, False), (None, False)])
def test_match_rate_holds_from_the_minimum(rate: float | None, holds: bool) -> None:
    assert match_rate_holds(rate, 0.6).passed is holds


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    found = Warehouse(tmp_path / "w.duckdb")
    found.prepare()
    with found.connect() as connection:
        connection.execute("create schema staging").fetchall()
        connection.execute("create table staging.stg_events (event_date date, received_at timestamp)").fetchall()
        connection.execute("insert into ops.run_context values (timestamp '2017-01-03')").fetchall()
    return found


def _fill(warehouse: Warehouse, lake_rows: int, staged: int, newest: str = "2017-01-01 10:00") -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "insert into ops.lake_file values"
            " ('f', 'till', date '2017-01-01', ?, timestamp '2017-01-01', ?, now(), true)",
            [lake_rows, newest],
        ).fetchall()
        connection.execute(
            "insert into staging.stg_events select date '2017-01-01', timestamp '2017-01-01 09:00' from range(?)",
            [staged],
        ).fetchall()


@pytest.mark.parametrize(("staged", "holds"), [(7, True), (6, False), (8, False)])
def test_staging_has_every_row_of_the_lake_once(warehouse: Warehouse, staged: int, holds: bool) -> None:
    _fill(warehouse, 7, staged)
    assert staged_equals_lake(warehouse).passed is holds


@pytest.mark.parametrize(("staged", "holds"), [(0, True), (3, True), (7, True), (8, False)])
def test_a_file_that_reaches_past_the_moment_bounds_the_count(warehouse: Warehouse, staged: int, holds: bool) -> None:
    _fill(warehouse, 7, staged, newest="2017-01-03 00:00")
    if staged:
        assert staged_equals_lake(warehouse).passed is holds


def test_days_that_another_run_will_rebuild_are_left_out(warehouse: Warehouse) -> None:
    _fill(warehouse, 7, 5)
    assert not staged_equals_lake(warehouse).passed
    with warehouse.connect() as connection:
        connection.execute("insert into ops.pending_day values (date '2017-01-01')").fetchall()
    assert staged_equals_lake(warehouse).passed


def test_rows_past_the_moment_and_rows_of_days_left_out_count_once(warehouse: Warehouse) -> None:
    _fill(warehouse, 7, 7)
    with warehouse.connect() as connection:
        connection.execute("insert into ops.pending_day values (date '2017-01-02')").fetchall()
        for day, moment in (("01", "03 00:00"), ("02", "02 09:00"), ("02", "03 00:00")):
            row = f"date '2017-01-{day}', timestamp '2017-01-{moment}'"
            connection.execute(f"insert into staging.stg_events values ({row})").fetchall()
        connection.execute("insert into staging.stg_events values (null, timestamp '2017-01-03')").fetchall()
    assert staged_equals_lake(warehouse).sentence.startswith("7 rows staged, 7 rows in the lake")
    _fill(warehouse, 0, 1)
    assert staged_equals_lake(warehouse).sentence.startswith("8 rows staged, 7 rows in the lake")


def test_what_refunds_give_back_beyond_their_orders_is_counted(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("create schema marts").fetchall()
        connection.execute("create table marts.fct_refund (order_id varchar, excess_amount decimal(18, 4))").fetchall()
        connection.execute("insert into marts.fct_refund values ('1', 0), ('2', null)").fetchall()
    assert refunds_fit_their_orders(warehouse).passed
    with warehouse.connect() as connection:
        connection.execute("insert into marts.fct_refund values ('8', 2.5), ('7', 1)").fetchall()
    verdict = refunds_fit_their_orders(warehouse)
    assert not verdict.passed
    assert verdict.sentence.startswith("2 refunds give back 3.50 more than their orders cost, which counts nowhere")
    assert "first order 7" in verdict.sentence


def test_orders_in_several_currencies_are_told(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("create schema marts").fetchall()
        connection.execute("create table marts.fct_order (order_id varchar, currency varchar)").fetchall()
        connection.execute("insert into marts.fct_order values ('1', 'EUR'), ('2', null), ('3', 'EUR')").fetchall()
    assert orders_share_a_currency(warehouse).passed
    with warehouse.connect() as connection:
        connection.execute("insert into marts.fct_order values ('4', 'JPY')").fetchall()
    verdict = orders_share_a_currency(warehouse)
    assert not verdict.passed
    assert verdict.sentence.startswith("orders in 2 currencies (2 in EUR, 1 in JPY)")
