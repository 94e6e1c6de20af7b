"""Accounts: colleagues belong to one company and stay two people; stages and figures counted by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.dbt.dbt_room import Event, Room, event, hashed, order

ACME = {"email_domain": "acme.test"}
LISTED = [("8.8.8.1", "domain:acme.test", "Acme", "acme.test"), ("8.8.8.2", "ip:Depot", "Depot", None)]
LISTED += [("8.8.8.3", "ip:Nobody", "Nobody", None)]


def _visit(name: str, at: str, who: str, **fields: object) -> Event:
    page = {"session_id": name, "product_id": "p0", "category": "tea"}
    return event(name, "product_viewed", at, who=who, **{**page, **fields})


def _events() -> list[Event]:
    return [
        # Two colleagues behind one office address, one of them an old customer; both shared the office's browser.
        event("ann", "custom", "2017-01-02 09:00:00", who="login:ann email:ann@acme", properties=ACME),
        event("bob", "custom", "2017-01-03 09:00:00", who="login:bob email:bob@acme", properties=ACME),
        _visit("a1", "2017-03-30 10:00:00", "login:ann ip:8.8.8.1", category="herbs"),
        _visit("b1", "2017-03-30 11:00:00", "login:bob ip:8.8.8.1"),
        _visit("b2", "2017-03-31 11:00:00", "login:bob ip:8.8.8.1"),
        order("old", "2017-01-05 12:00:00", "email:ann@acme", ["5.00"], properties={**ACME, "lines": []}),
        # Somebody browses from a listed address without a name; another uses a private mailbox and no account at all.
        _visit("d1", "2017-03-31 12:00:00", "cookie:depot ip:8.8.8.2"),
        _visit("z1", "2017-03-31 12:00:00", "login:zoe email:zoe@mail ip:9.9.9.9"),
        # A crawler and a page that anybody can write to claim to be at the company.
        event("bot", "page_viewed", "2017-03-31 13:00:00", who="cookie:bot ip:8.8.8.1", properties={"is_bot": True}),
        event("fake", "custom", "2017-03-31 13:00:00", who="cookie:eve", source="service_events", properties=ACME),
        # Two companies more: one that buys, one that only looks.
        event("cat", "custom", "2017-03-20 09:00:00", who="email:cat@buyer", properties={"email_domain": "buyer.test"}),
        order("new", "2017-03-20 12:00:00", "email:cat@buyer", ["7.00"]),
        order("new2", "2017-03-21 12:00:00", "email:cat@buyer", ["1.50"]),
        event("tim", "custom", "2017-03-20 09:00:00", who="email:tim@looker", properties={"email_domain": "look.test"}),
        *[_visit(f"t{day}", f"2017-03-{day} 10:00:00", "email:tim@looker") for day in (21, 22, 23)],
    ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Room:
    room = Room(tmp_path_factory.mktemp("accounts"))
    room.land("shop", _events())
    room.stand_at("2017-04-10 00:00:00")
    for address, account, name, domain in LISTED:
        row = [hashed("ip", address), account, name, domain]
        room.execute("INSERT INTO identity.account_address VALUES (?, ?, ?, ?)", row)
    room.build_days("2017-01-01", "2017-04-11")
    room.resolve_identities()
    room.dbt(
        "build",
        "--select",
        "+account_profile,tag:profiles",
        "+identity_metric_daily,tag:profiles",
        "--exclude-resource-type",
        "unit_test",
    )
    return room


def _customer(room: Room, kind: str, value: str) -> str:
    (found,) = room.execute(
        "SELECT DISTINCT a.canonical_id FROM identity.identity_assignment AS a JOIN identity.identifier AS i"
        " USING (identifier_key) WHERE i.type = ? AND i.value_hash = ? AND a.system_to > DATE '9999-01-01'",
        [kind, hashed(kind, value)],
    )
    return str(found[0])


def test_colleagues_are_members_of_one_account_and_two_people(shop: Room) -> None:
    ann, bob = _customer(shop, "login", "ann"), _customer(shop, "login", "bob")
    assert ann != bob
    found = shop.table(
        "identity.account_member", "customer_id, evidence, n_observed", "account_id = 'domain:acme.test'"
    )
    assert found == sorted(
        [(ann, "email_domain", 2), (ann, "ip", 1), (bob, "email_domain", 1), (bob, "ip", 2)], key=repr
    )


def test_an_account_is_a_domain_or_a_listed_address(shop: Room) -> None:
    assert shop.table("identity.account", "account_id, account_name, domain, kind") == sorted(
        [
            ("domain:acme.test", "Acme", "acme.test", "domain"),
            ("domain:buyer.test", "buyer.test", "buyer.test", "domain"),
            ("domain:look.test", "look.test", "look.test", "domain"),
            ("ip:Depot", "Depot", None, "ip"),
            ("ip:Nobody", "Nobody", None, "ip"),
        ],
        key=repr,
    )


def test_stages_follow_from_what_the_members_did(shop: Room) -> None:
    assert dict(shop.execute("SELECT account_name, stage FROM marts.account_profile")) == {
        "Acme": "lapsing",
        "buyer.test": "customer",
        "look.test": "engaged",
        "Depot": "visiting",
        "Nobody": "unknown",
    }


def test_figures_are_sums_over_the_members(shop: Room) -> None:
    columns = "n_members, n_known_members, sessions_30d, orders_lifetime, spend_lifetime, n_categories_viewed_91d"
    (acme,) = shop.execute(
        f"SELECT {columns}, top_category_viewed FROM marts.account_profile WHERE domain = 'acme.test'"
    )
    assert acme == (2, 2, 3, 1, Decimal("5.0000"), 2, "tea")
    (depot,) = shop.execute(
        f"SELECT {columns}, top_category_viewed FROM marts.account_profile WHERE account_name = 'Depot'"
    )
    assert depot == (1, 0, 1, 0, Decimal("0.0000"), 1, "tea")


def test_members_of_a_category_are_counted_once(shop: Room) -> None:
    found = shop.table("marts.account_category", "category, n_members, n_views", "account_id = 'domain:acme.test'")
    assert found == [("herbs", 1, 1), ("tea", 1, 2)]


def test_neither_crawlers_nor_strangers_nor_private_mailboxes_make_members(shop: Room) -> None:
    members = {row[0] for row in shop.table("identity.account_member", "customer_id")}
    assert _customer(shop, "login", "zoe") not in members
    assert len(members) == 5


def test_every_profile_is_in_one_size_class(shop: Room) -> None:
    found = dict(
        shop.execute(
            "SELECT metric, sum(value) FROM marts.identity_metric_daily WHERE metric LIKE 'profiles%' GROUP BY 1"
        )
    )
    customers = shop.execute("SELECT count(DISTINCT canonical_id) FROM identity.identity_assignment")[0][0]
    assert found["profiles"] == found["profiles_by_size"] == customers
    creations = shop.execute("SELECT count(*) FROM identity.identity_event WHERE type = 'create'")[0][0]
    created = shop.execute("SELECT sum(value) FROM marts.identity_metric_daily WHERE metric = 'identity_create'")[0][0]
    assert created == creations > 0
