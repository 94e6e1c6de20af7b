"""What dbt's tests look at: everything by hand and in daily runs, what is new in an hourly one."""

from __future__ import annotations

import pytest

from tests.dbt.dbt_room import Room

DAYS, CUSTOMERS = "CONCIERGE_TESTED_DAYS", "CONCIERGE_REFRESH"
TWICE = "insert into {table} select * from {table} where {where} limit 1"


@pytest.fixture(scope="module")
def torn(built: Room, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The small shop with a daily row and a customer told twice."""
    room = built.copy_to(tmp_path_factory.mktemp("torn"))
    room.execute(TWICE.format(table="intermediate.int_identifier_daily", where="event_date = date '2017-01-03'"))
    room.execute(TWICE.format(table="marts.customer_features", where="orders_lifetime > 0"))
    return room


def failures(room: Room, *names: str) -> set[str]:
    """Models of which at least one of these tests does not hold."""
    try:
        room.dbt("test", "--select", *names, "--exclude-resource-type", "unit_test")
    except AssertionError as error:
        return {name for name in ("int_identifier_daily", "customer_features", "daily_sums") if name in str(error)}
    return set()


def test_by_hand_everything_is_looked_at(torn: Room) -> None:
    found = failures(torn, "int_identifier_daily", "customer_features")
    assert found == {"int_identifier_daily", "customer_features", "daily_sums"}


def test_a_run_looks_at_the_days_it_has_rebuilt(torn: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DAYS, "2017-01-02..2017-01-04")
    assert failures(torn, "int_identifier_daily") == {"int_identifier_daily", "daily_sums"}
    monkeypatch.setenv(DAYS, "2017-01-04..2017-01-06")
    assert failures(torn, "int_identifier_daily") == set()


def test_an_hourly_run_looks_at_the_customers_it_has_made_again(torn: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CUSTOMERS, "touched")
    twice = "select customer_id from marts.customer_features group by customer_id having count(*) > 1"
    torn.execute(f"insert into refresh.customer select distinct customer_id from marts.dim_customer except {twice}")
    assert failures(torn, "customer_features") == set()
    torn.execute(f"insert into refresh.customer {twice}")
    assert failures(torn, "customer_features") == {"customer_features"}
