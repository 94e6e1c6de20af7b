"""A row belongs to whoever its identifier belonged to on its own day, and people that part take their days along."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.dbt_room import Event, Room, event, hashed, order

PEOPLE = [f"+{model},tag:profiles" for model in ("customer_features", "training_frame", "fct_session")]
HOUSEHOLD = [f"+{model},tag:profiles" for model in ("customer_features", "fct_order")]
SUMS = "sum(n_identifiers), sum(orders_lifetime), sum(spend_lifetime), sum(product_views_91d), sum(refunds_365d)"


def key_of(kind: str, value: str) -> int:
    """The ledger's key of an identifier."""
    return int(hashed(kind, value)[:15], 16)


def one_browser_two_people() -> list[Event]:
    """Ann, then Bob, then Ann again use one browser; a view without a login on the days between."""
    logins = [("ann", 2), ("bob", 5), ("ann", 8)]
    found = [
        event(f"in-{day}", "logged_in", f"2017-01-{day:02d} 09:00:00", who=f"login:{name} cookie:x")
        for name, day in logins
    ]
    found += [
        event(f"view-{day}", "product_viewed", f"2017-01-{day:02d} 20:00:00", who="cookie:x", product_id="p1")
        for day in (1, 3, 6, 9)
    ]
    refusal = {"purpose": "personalization", "granted": False}
    found.append(event("no", "consent_updated", "2017-01-06 20:05:00", who="cookie:x", properties=refusal))
    return found


def settled(room: Room, events: list[Event], as_of: str, models: Sequence[str] = PEOPLE) -> Room:
    """Days built, identities resolved, people's tables built."""
    room.land("shop", events)
    room.stand_at(as_of)
    room.build_days("2017-01-01", "2017-01-21")
    room.resolve_identities()
    room.dbt("run", "--select", *models)
    return room


@pytest.fixture(scope="module")
def lent(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The browser of Ann and Bob on 20 January, with a frame of the 7th."""
    room = Room(tmp_path_factory.mktemp("lent"))
    room.cut_off("2017-01-07", horizon_days=5)
    return settled(room, one_browser_two_people(), "2017-01-20 00:00:00")


def customer(room: Room, kind: str, value: str) -> str:
    """The customer of an identifier today."""
    (row,) = room.execute(
        "SELECT customer_id FROM intermediate.int_identifier_customers"
        f" WHERE identifier_key = {key_of(kind, value)} AND valid_to_date > '9999-01-01'"
    )
    return str(row[0])


def test_each_days_views_go_to_the_one_who_held_the_browser_then(lent: Room) -> None:
    ann, bob = customer(lent, "login", "ann"), customer(lent, "login", "bob")
    assert ann != bob
    visits = lent.execute(
        "SELECT day(session_date), customer_id FROM marts.fct_session WHERE n_product_views > 0 ORDER BY 1"
    )
    assert visits == [(1, ann), (3, ann), (6, bob), (9, ann)]
    views = lent.execute("SELECT customer_id, product_views_91d FROM marts.customer_features ORDER BY 2")
    assert views == [(bob, 1), (ann, 3)]


def test_a_refusal_on_a_shared_browser_binds_the_one_who_held_it(lent: Room) -> None:
    consents = dict(lent.execute("SELECT customer_id, consent_personalization FROM marts.customer_features"))
    assert consents == {customer(lent, "login", "ann"): True, customer(lent, "login", "bob"): False}


def test_a_frame_knows_the_slices_of_its_cutoff(lent: Room, room: Room) -> None:
    frame = lent.execute("SELECT customer_id, product_views_91d FROM marts.training_frame ORDER BY 2")
    assert frame == [(customer(lent, "login", "bob"), 1), (customer(lent, "login", "ann"), 2)]
    arrived = [row for row in one_browser_two_people() if str(row["received_at"]) < "2017-01-07"]
    then = settled(room, arrived, "2017-01-07 00:00:00")
    columns = "* EXCLUDE (role, horizon_days, churned, n_orders_horizon, spend_horizon_amount)"
    assert then.table("marts.customer_features") == lent.table("marts.training_frame", columns)


def override(room: Room, kind: str, a: int, b: int) -> None:
    """Note what an analyst demanded on 12 January, and resolve again."""
    room.execute(
        "INSERT INTO identity.identity_override VALUES (?, ?, ?, 'ann', 'asked for', ?)",
        [min(a, b), max(a, b), kind, datetime.fromisoformat("2017-01-12")],
    )
    room.resolve_identities()
    room.dbt("run", "--select", *HOUSEHOLD)


def totals(room: Room) -> tuple[list[tuple[Any, ...]], ...]:
    """Sums over customers, and over orders that have one."""
    return (
        room.execute(f"SELECT {SUMS} FROM marts.customer_features"),
        room.execute("SELECT count(*), sum(net_amount) FROM marts.fct_order WHERE customer_id IS NOT NULL"),
    )


def orders_by_customer(room: Room) -> list[int]:
    """Orders of each customer, fewest first."""
    found = room.execute("SELECT count(*) FROM marts.fct_order GROUP BY customer_id ORDER BY 1")
    return [row[0] for row in found]


@pytest.fixture(scope="module")
def household_as_observed(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """One address on an account and on a customer record, which are one person, and somebody else's card."""
    events = [
        event("account", "custom", "2017-01-02 09:00:00", who="login:a email:e"),
        event("record", "custom", "2017-01-03 09:00:00", who="crm_id:c email:e"),
        order("web", "2017-01-04 09:00:00", "login:a", ["2.00"]),
        order("till-1", "2017-01-05 09:00:00", "crm_id:c", ["3.00", "4.00"]),
        order("till-2", "2017-01-06 09:00:00", "crm_id:c", ["5.00"]),
        order("till-2", "2017-01-07 09:00:00", "crm_id:c", ["5.00"], event_type="order_refunded"),
        event("view", "product_viewed", "2017-01-08 09:00:00", who="email:e", product_id="p1"),
        order("other", "2017-01-09 09:00:00", "loyalty_id:z", ["7.00"]),
    ]
    return settled(Room(tmp_path_factory.mktemp("household")), events, "2017-01-20 00:00:00", HOUSEHOLD)


@pytest.fixture
def household(household_as_observed: Room, tmp_path: Path) -> Room:
    """A copy of it to decide about."""
    return household_as_observed.copy_to(tmp_path)


def test_an_unmerge_moves_days_and_orders_and_loses_none(household: Room) -> None:
    before = totals(household)
    assert orders_by_customer(household) == [1, 3]
    override(household, "cannot_link", key_of("login", "a"), key_of("crm_id", "c"))
    assert orders_by_customer(household) == [1, 1, 2]
    assert totals(household) == before


def test_a_demanded_merge_moves_days_and_orders_and_loses_none(household: Room) -> None:
    before = totals(household)
    override(household, "must_link", key_of("login", "a"), key_of("loyalty_id", "z"))
    assert orders_by_customer(household) == [4]
    assert totals(household) == before
