"""Consent behind the door: who refuses is in no table about customers, what was sold is booked all the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from intake.purposes import PURPOSES
from intake.regime import ConsentRules
from intake.sensitive import ATTRIBUTES
from tests.dbt.dbt_room import Event, Room, event, order

RULES = ConsentRules.model_validate({"default": {"analytics": "opt_out", "personalization": "opt_out"},
                                     "regions": {"DE": "opt_in", "US-CA": {"analytics": "opt_in"}}})  # fmt: skip
CUT = "2017-01-12"
NOW = "2017-01-20 10:30:00"
MODELS = [
    *("customer_consent", "consent_state", "consent_daily", "customer_sensitive", "customer_product"),
    *("dim_customer", "training_frame", "training_label", "fct_order", "fct_session"),
]


def word(who: str, purpose: str, granted: bool, at: str, **fields: object) -> Event:
    said = {"purpose": purpose, "granted": granted}
    return event(f"{who}-{purpose}-{at}", "consent_updated", at, who=who, properties=said, **fields)


def shopper(name: str, **place: str) -> list[Event]:
    """Two orders, and a visit between them that names the place."""
    who = f"loyalty_id:{name}"
    tie = event(f"tie-{name}", "custom", "2017-01-02 09:00:00", who=f"{who} email:{name} cookie:{name}")
    seen = {"who": f"cookie:{name}", "session_id": f"s-{name}", "product_id": "p0", **place}
    visit = event(f"visit-{name}", "product_viewed", "2017-01-08 10:00:00", **seen)
    return [
        order(f"{name}1", "2017-01-03 15:00:00", who, ["2.50", "9.25"]), tie, visit,
        order(f"{name}2", "2017-01-15 15:00:00", who, ["4.00"]),
    ]  # fmt: skip


def company() -> list[Event]:
    people = [
        *shopper("silent", country="US", region="OH"), *shopper("nowhere"), *shopper("refused", country="US"),
        *shopper("private", country="US"), *shopper("german", country="de"), *shopper("asked", country="DE"),
        *shopper("californian", country="US", region="us-ca"), *shopper("again"), *shopper("later"),
    ]  # fmt: skip
    return [
        *people,
        event("product-0", "product_updated", "2017-01-01 00:00:01", product_id="p0", category="tea"),
        event("product-1", "product_updated", "2017-01-01 00:00:01", product_id="p1", category="Health/RX"),
        event(
            "looked",
            "product_viewed",
            "2017-01-19 10:00:00",
            who="cookie:silent",
            product_id="p1",
            category="Health/RX",
        ),
        event(
            "trait",
            "profile_updated",
            "2017-01-02 10:00:00",
            who="loyalty_id:silent",
            properties={"sensitive": {"age": "19-24", "income": None}},
        ),
        event(
            "trait-2",
            "profile_updated",
            "2017-01-03 10:00:00",
            who="loyalty_id:silent",
            properties={"sensitive": {"age": "25-34", "kids count": 2}},
        ),
        event(
            "trait-3",
            "profile_updated",
            "2017-01-03 10:00:00",
            who="loyalty_id:refused",
            properties={"sensitive": {"age": "65+"}},
        ),
        word("loyalty_id:refused", "analytics", True, "2017-01-01 00:00:00"),
        word("email:refused", "analytics", False, "2017-01-16 00:00:00"),
        word("email:private", "personalization", False, "2017-01-06 00:00:00"),
        word("cookie:asked", "analytics", True, "2017-01-01 00:00:00"),
        word("email:again", "analytics", False, "2017-01-05 00:00:00"),
        word("email:again", "analytics", True, "2017-01-18 00:00:00"),
        # Refused within the hour of the run: whole days would not see it, people expect it to hold.
        word("email:later", "analytics", False, "2017-01-20 10:20:00"),
        word("loyalty_id:silent email:silent", "marketing_sms", True, "2017-01-05 00:00:00"),
    ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Room:
    room = Room(tmp_path_factory.mktemp("consent"))
    room.ask_first(RULES)
    room.execute("insert into ops.suppressed values (date '2017-01-05', 'clicks', 'analytics', 'absent', 7)")
    room.execute("insert into ops.sensitive_word values ('rx'), ('intimate wear')")
    room.land("shop", company())
    room.stand_at(NOW)
    room.cut_off(CUT, horizon_days=5)
    room.execute("insert into ops.label_window values (?, 5)", [CUT])
    room.build_days("2017-01-01", "2017-01-21")
    room.resolve_identities()
    room.dbt("run", "--select", *(f"+{name},tag:profiles" for name in MODELS))
    return room


def names(room: Room, table: str, where: str = "true") -> set[str]:
    """Who is in a table, told by the names of their orders."""
    rows = room.execute(
        f"select distinct left(o.order_id, length(o.order_id) - 1) from marts.fct_order as o"
        f" where o.customer_id in (select customer_id from {table} where {where})"
    )
    return {str(row[0]) for row in rows}


EVERYBODY = {"silent", "nowhere", "refused", "private", "german", "asked", "californian", "again", "later"}
TRACKED = {"silent", "nowhere", "private", "asked", "again"}


@pytest.mark.parametrize("table", ["marts.dim_customer", "marts.customer_features", "marts.customer_product"])
def test_tables_about_customers_have_only_those_who_allow_it(shop: Room, table: str) -> None:
    assert names(shop, table) == TRACKED


def test_every_customer_stands_in_the_consent_table(shop: Room) -> None:
    assert names(shop, "marts.customer_consent") == EVERYBODY
    assert names(shop, "marts.customer_consent", "is_profiled") == TRACKED - {"private"} - {"asked"}
    assert names(shop, "marts.customer_consent", "analytics_word = 'refused'") == {"refused", "later"}
    assert names(shop, "marts.customer_consent", "marketing_sms") == {"silent"}
    assert names(shop, "marts.customer_consent", "analytics_word = 'absent' and not analytics") == {
        "german", "californian"
    }  # fmt: skip


def test_what_was_sold_is_booked_whoever_refuses(shop: Room) -> None:
    sold = sum((row["amount"] for row in company() if row["event_type"] == "order_completed"), Decimal(0))
    assert shop.execute("select sum(order_amount), count(*), count(customer_id) from marts.fct_order") == [
        (sold, 18, 18)
    ]


def test_visits_of_who_refuses_belong_to_nobody(shop: Room) -> None:
    found = shop.execute("select session_id from marts.fct_session where customer_id is not null")
    assert {str(row[0]).removeprefix("s-") for row in found if str(row[0]).startswith("s-")} == TRACKED


def test_an_old_frame_has_neither_who_refused_then_nor_who_refused_since(shop: Room) -> None:
    assert names(shop, "marts.training_frame", f"as_of = timestamp '{CUT}'") == TRACKED - {"again"}
    assert names(shop, "marts.training_label") == TRACKED - {"again"}


def test_the_report_adds_up(shop: Room) -> None:
    rows = shop.execute(
        "select purpose, sum(customers), sum(granted + refused + absent) from marts.consent_state group by 1"
    )
    assert sorted(rows) == sorted((purpose, 9, 9) for purpose in PURPOSES)
    assert shop.execute(
        "select sum(granted), sum(refused), sum(suppressed_absent) from marts.consent_daily where purpose = 'analytics'"
    ) == [(3, 3, 7)]


def test_contracts_and_data_tests_of_the_consent_tables_pass(shop: Room) -> None:
    assert (
        len(
            shop.dbt(
                "test",
                "--select",
                "customer_consent",
                "consent_state",
                "consent_daily",
                "fct_order,test_name:relationships",
            )
        )
        > 15
    )


def test_goods_that_hint_at_health_are_sold_and_are_no_taste(shop: Room) -> None:
    found = shop.execute(
        "select f.top_category, f.favourite_category, f.next_best_category, f.top_viewed_category,"
        " f.last_viewed_category, f.last_viewed_product_id, f.spend_lifetime from marts.customer_features as f"
        " inner join marts.fct_order as o on f.customer_id = o.customer_id and o.order_id = 'silent1'"
    )
    assert found == [("tea", "tea", "tea", None, None, None, Decimal("15.7500"))]
    assert shop.execute(
        "select count(*) from marts.customer_features where category_affinity::varchar like '%RX%'"
    ) == [(0,)]


def test_sensitive_attributes_are_reported_as_last_told_of_those_who_allow_it(shop: Room) -> None:
    assert sorted(shop.execute("select attribute, value from marts.customer_sensitive")) == [
        ("age", "25-34"), ("kids count", "2"),
    ]  # fmt: skip
    columns = shop.execute("select column_name from information_schema.columns where table_name = 'customer_features'")
    assert not {str(name) for (name,) in columns} & ATTRIBUTES


def random_words(seed: int) -> list[tuple[int, str, bool, str]]:
    """(identifier key, purpose, granted, moment) of forty people with three identifiers each."""
    draw = random.Random(seed)  # noqa: S311
    return [
        (
            key,
            draw.choice(("analytics", "marketing_ads")),
            draw.random() < 0.6,
            f"2017-01-0{draw.randint(1, 9)} 00:00:00",
        )
        for key in range(1, 121)
        for _ in range(draw.randint(0, 4))
    ]


def expected(words: Sequence[tuple[int, str, bool, str]], owners: dict[int, str], purpose: str) -> dict[str, str]:
    """Brute force: the last word of each identifier (the refusal of two), then one refusal over a customer's."""
    last: dict[int, tuple[str, bool]] = {}
    for key, said_of, granted, at in words:
        if said_of == purpose:
            last[key] = max(last.get(key, ("", True)), (at, granted), key=lambda said: (said[0], not said[1]))
    found: dict[str, str] = {}
    for key, (_, granted) in last.items():
        held = found.get(owners[key], "granted")
        found[owners[key]] = held if granted else "refused"
    return found


@pytest.mark.parametrize("seed", [5])
def test_the_strictest_word_of_any_identifier_holds_until_an_unmerge_gives_each_its_own(
    tmp_path: Path, seed: int
) -> None:
    room, words = Room(tmp_path), random_words(seed)
    room.stand_at(NOW)
    room.execute("create schema intermediate")
    room.execute(
        "create table intermediate.int_consent_events (event_id varchar, identifier_key bigint, event_date date,"
        " received_date date, occurred_at timestamp, received_at timestamp, source varchar, purpose varchar,"
        " is_granted boolean, regime varchar)"
    )
    with duckdb.connect(str(room.warehouse)) as connection:
        for number, (key, purpose, granted, at) in enumerate(words):
            moment = datetime.fromisoformat(at)
            row = [str(number), key, moment.date(), moment.date(), moment, moment, "crm", purpose, granted, None]
            connection.execute(f"insert into intermediate.int_consent_events values ({', '.join('?' * len(row))})", row)
    room.execute(
        "create table intermediate.int_identifier_daily (anchor_key bigint, login_key bigint, login_known_date date,"
        " event_date date, received_date date, last_country struct(seen_at timestamp, seen varchar),"
        " last_country_region struct(seen_at timestamp, seen varchar))"
    )
    owners = {key: f"c{key}" for key in range(1, 121)}
    merged = {key: f"c{key % 40}" for key in owners}
    for held in (merged, owners):
        room.execute("delete from identity.identity_assignment")
        rows = ", ".join(f"({key}, '{customer}')" for key, customer in held.items())
        room.execute(
            "insert into identity.identity_assignment select k, c, 'certain', timestamp '2017-01-01',"
            " timestamp '9999-12-31', timestamp '2017-01-01', timestamp '9999-12-31', null"
            f" from (values {rows}) as t (k, c)"
        )
        room.dbt("run", "--select", "int_customer_consent", "--full-refresh")
        for purpose in ("analytics", "marketing_ads"):
            columns, said = f"customer_id, {purpose}_word", f"{purpose}_word <> 'absent'"
            found = room.table("intermediate.int_customer_consent", columns, said)
            assert dict(found) == expected(words, held, purpose)
