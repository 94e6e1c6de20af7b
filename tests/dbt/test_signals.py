"""Signals against a second reading of the raw events of a small random company, now and at a past cut-off."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from orchestration.catalogue import signals
from tests.dbt.dbt_room import Event, Room, event, hashed, order
from tests.dbt.known_events import midnight, plain
from tests.dbt.random_company import random_events
from tests.dbt.signals_oracle import behaviour
from tests.dbt.tastes_oracle import liking

PEOPLE = 5
CUTOFF, NOW = "2017-02-08", "2017-02-28"
LABELS = "role, horizon_days, churned, n_orders_horizon, spend_horizon_amount"
FRAME = ["+training_frame,tag:profiles", "customer_features"]


def company(root: Any, events: Sequence[Event], now: str, models: Sequence[str] = FRAME) -> Room:
    """A warehouse over these events, these models of people built up to `now`."""
    room = Room(root)
    room.land("company", events)
    room.stand_at(f"{now} 00:00:00")
    room.cut_off(CUTOFF, horizon_days=14)
    room.build_days("2017-01-01", now)
    room.resolve_identities()
    room.dbt("run", "--select", *models)
    return room


@pytest.fixture(scope="module", autouse=True)
def own_words() -> Iterator[None]:
    """What this shop calls sensitive beside the built-in names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONCIERGE_SENSITIVE_WORDS", "blood_type kinship")
        yield


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """Everything that the company did."""
    return random_events(seed=7, people=PEOPLE)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> Room:
    """Built once; the tests read it, the last one adds to it."""
    return company(tmp_path_factory.mktemp("company"), events, NOW)


@pytest.fixture(scope="module")
def old_frame(room: Room) -> list[tuple[Any, ...]]:
    """The training frame before anything late is known."""
    return room.table("marts.training_frame")


def told(room: Room, table: str, person: int) -> dict[str, Any]:
    """One customer's row, JSON read, by name."""
    names = [row[0] for row in room.execute(f"DESCRIBE {table}")]
    rows = room.execute(
        f"SELECT f.* FROM {table} AS f JOIN identity.identity_assignment AS a ON a.canonical_id = f.customer_id"
        " JOIN identity.identifier AS i USING (identifier_key) WHERE i.value_hash = ?",
        [hashed("login", str(person))],
    )
    row = dict(zip(names, rows[0], strict=True))
    maps = {signal.name for signal in signals() if signal.unit.startswith("map")}
    return {k: json.loads(v) if k in maps and v is not None else v for k, v in row.items()}


def same(found: Any, expected: Any) -> bool:
    """Equal, with the last of six places of a quotient left to rounding, and maps in the same order."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return list(found) == list(expected) and all(same(found[key], expected[key]) for key in expected)
    if isinstance(found, float | Decimal) and expected is not None:
        return abs(float(found) - float(expected)) < 1.5e-6
    return bool(found == expected)


@pytest.mark.parametrize(("table", "as_of"), [("marts.customer_features", NOW), ("marts.training_frame", CUTOFF)])
def test_signals_are_what_a_second_reading_finds(room: Room, events: list[Event], table: str, as_of: str) -> None:
    for person in range(PEOPLE):
        found = told(room, table, person)
        who, at = f"login:{person}", midnight(as_of)
        expected = behaviour(events, who, at) | liking(events, who, at)
        wrong = {k: (found[k], v) for k, v in expected.items() if k in found and not same(found[k], v)}
        assert wrong == {}, f"{who} at {as_of}"


def test_the_second_reading_covers_every_signal_that_the_first_oracle_tests_do_not(events: list[Event]) -> None:
    read = behaviour(events, "login:0", midnight(NOW)) | liking(events, "login:0", midnight(NOW))
    names = [signal.name for signal in signals()]
    added = names[names.index("orders_1d") :]
    assert set(added) <= read.keys()


def test_nothing_that_is_always_sensitive_is_kept_of_what_people_say(room: Room, events: list[Event]) -> None:
    asked = [json.loads(row["properties"]) for row in events]
    questions = {plain(told["question"]) for told in asked if "question" in told}
    traits = {trait for told in asked for trait in told.get("zero_party", {})}
    assert "your_age_please" in questions
    assert "gender" in traits
    said = room.execute("SELECT DISTINCT topic FROM intermediate.int_identifier_topic_daily WHERE topic IS NOT NULL")
    assert {row[0] for row in said} == (questions | traits) - {"your_age_please", "gender"}


def test_the_frame_of_a_cutoff_knows_nothing_that_came_after(
    old_frame: list[tuple[Any, ...]], events: list[Event], tmp_path_factory: pytest.TempPathFactory
) -> None:
    arrived = [row for row in events if str(row["received_at"]) < CUTOFF]
    then = company(tmp_path_factory.mktemp("then"), arrived, CUTOFF, ["+customer_features,tag:profiles"])
    scored = then.table("marts.customer_features")
    names = ", ".join(row[0] for row in then.execute("DESCRIBE marts.customer_features"))
    assert len(scored) == PEOPLE
    known = len(names.split(", "))
    assert sorted((row[:known] for row in old_frame), key=repr) == scored


def test_late_words_of_any_kind_do_not_move_an_old_frame(room: Room, old_frame: list[tuple[Any, ...]]) -> None:
    late = {"delay_s": 60 * 86_400}
    before = "2017-02-01 10:00:00"
    room.land("late", [
        order("late-order", before, "login:0", ["99.00"], **late),
        event("late-answer", "survey_answered", before, who="login:1", properties={"question": "Diet?", "answer": "x"},
              **late),
        event("late-trait", "profile_updated", before, who="login:2", properties={"zero_party": {"diet": "y"}}, **late),
        event("late-catalogue", "product_updated", before, product_id="p0", category="moved",
              properties={"brand": "moved"}, **late),
        event("late-price", "price_updated", before, product_id="p0", unit_price=Decimal(1), **late),
        event("late-stock", "stock_updated", before, product_id="p0", quantity=Decimal(99), **late),
        event("late-rain", "weather_observed", "2017-02-07 12:00:00", country="US", region="NY", delay_s=60 * 86_400,
              properties={"precipitation_mm": 99, "temperature_max": 99, "temperature_min": 99, "condition": "flood"}),
        event("late-ticket", "support_ticket_opened", before, who="login:3", properties={"topic": "late"}, **late),
        event("late-view", "product_viewed", before, who="login:4", product_id="p0", category="tea", session_id="late",
              **late),
    ])  # fmt: skip
    orders = told(room, "marts.customer_features", 0)["orders_lifetime"]
    room.stand_at("2017-04-20 00:00:00")
    room.build_days("2017-02-01", "2017-03-01")
    room.resolve_identities()
    room.dbt("run", "--select", *FRAME)
    assert room.table("marts.training_frame") == old_frame
    assert told(room, "marts.customer_features", 0)["orders_lifetime"] == orders + 1
