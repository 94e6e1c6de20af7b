"""Stays in segments over days against a plain replay, and rules that go wrong."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestration.segments.membership import members, note_history, write_members
from orchestration.segments.rules import RuleSegment
from orchestration.warehouse import Warehouse

START = date(2018, 1, 2)
PEOPLE = [f"c{number}" for number in range(12)]
BUYERS = RuleSegment(name="buyers", description="x", where="orders_30d >= 5 -- often")
LOYAL = RuleSegment(name="loyal", description="x", where="lifecycle = 'active' and churn_probability < 0.2")
BROKEN = RuleSegment(name="broken", description="x", where="cast(top_category as integer) > 1")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Features, consent and stages of life as dbt makes them; nothing of it is of interest but its columns."""
    found = Warehouse(tmp_path / "warehouse.duckdb")
    found.prepare()
    with found.connect() as connection:
        for statement in (
            "create schema if not exists marts",
            "create table marts.customer_features (customer_id varchar, orders_30d bigint, top_category varchar)",
            "create table marts.customer_consent (customer_id varchar, is_profiled boolean)",
            "create table marts.dim_customer (customer_id varchar, lifecycle varchar)",
        ):
            connection.execute(statement).fetchall()
    return found


def stand(warehouse: Warehouse, orders: dict[str, int], personas: dict[str, int], refused: set[str]) -> None:
    """The warehouse of a day: orders of each customer, persona of each buyer, and who refuses."""
    assigned = pd.DataFrame(
        [(who, START, key, "p", "persona", None, "v", key) for who, key in personas.items() if who not in refused],
        columns=["customer_id", "as_of", "segment_id", "segment_name", "rung", "micro_segment", "model_version",
                 "persona_id"],
    )  # fmt: skip
    rows = {
        "customer_features": pd.DataFrame({"customer_id": [*orders], "n": [*orders.values()], "category": "MILK"}),
        "customer_consent": pd.DataFrame({"customer_id": [*orders], "ok": [who not in refused for who in orders]}),
        "dim_customer": pd.DataFrame({"customer_id": [*orders], "lifecycle": "active"}),
    }
    with warehouse.connect() as connection:
        for table, frame in rows.items():
            connection.register("incoming", frame)
            connection.execute(f"delete from marts.{table}").fetchall()
            connection.execute(f"insert into marts.{table} select * from incoming").fetchall()
            connection.unregister("incoming")
    warehouse.replace({"ml.segment_assignment": assigned})


def stays(warehouse: Warehouse) -> set[tuple[object, ...]]:
    return set(warehouse.rows("select customer_id, kind, segment, entered_on, left_on from ml.segment_history"))


def replay(days: list[tuple[date, dict[tuple[str, str], set[str]], set[str]]]) -> set[tuple[object, ...]]:
    """Stays by walking through the days with sets."""
    done: list[tuple[str, str, str, date, date]] = []
    open_since: dict[tuple[str, str, str], date] = {}
    for day, groups, refused in days:
        inside = {(who, kind, name) for (kind, name), people in groups.items() for who in people}
        done += [(*key, open_since.pop(key), day) for key in [*open_since] if key not in inside]
        for key in inside:
            open_since.setdefault(key, day)
        done = [stay for stay in done if stay[0] not in refused]
        open_since = {key: since for key, since in open_since.items() if key[0] not in refused}
    return set(done) | {(*key, since, None) for key, since in open_since.items()}


def test_history_is_a_replay_of_the_days_and_may_be_repeated(warehouse: Warehouse) -> None:
    random = np.random.default_rng(3)
    seen = []
    for number in range(4):
        day = START + timedelta(days=number)
        orders = {who: int(random.integers(0, 9)) for who in PEOPLE}
        personas = {who: int(random.integers(0, 2)) for who in PEOPLE[:8]}
        refused = {PEOPLE[0]} if number >= 2 else set()
        stand(warehouse, orders, personas, refused)
        assert write_members(warehouse, [BUYERS]) == {}
        buyers = {who for who, count in orders.items() if count >= 5} - refused
        assert members(warehouse) == ({"buyers": len(buyers)} if buyers else {})
        groups: dict[tuple[str, str], set[str]] = {("rule", "buyers"): buyers}
        for who, key in personas.items():
            if who not in refused:
                groups.setdefault(("persona", str(key)), set()).add(who)
        seen.append((day, groups, refused))
        moved = note_history(warehouse, day)
        assert stays(warehouse) == replay(seen)
        assert note_history(warehouse, day) == moved
        assert stays(warehouse) == replay(seen)


def test_back_on_the_day_of_leaving_is_not_having_left(warehouse: Warehouse) -> None:
    for orders in (5, 0, 5):
        stand(warehouse, {"c1": orders}, {}, set())
        write_members(warehouse, [BUYERS])
        note_history(warehouse, START)
    assert stays(warehouse) == {("c1", "rule", "buyers", START, None)}


def test_members_of_a_rule_that_goes_wrong_stay_and_others_go_on(warehouse: Warehouse) -> None:
    stand(warehouse, {"c1": 6, "c2": 1}, {"c1": 0, "c2": 0}, set())
    harmless = BROKEN.model_copy(update={"where": "orders_30d >= 0"})
    write_members(warehouse, [BUYERS, harmless])
    failed = write_members(warehouse, [BUYERS, BROKEN, LOYAL])
    assert "Could not convert string 'MILK'" in failed["broken"]
    assert members(warehouse) == {"broken": 2, "buyers": 1}
    assert write_members(warehouse, [BUYERS], keep=["broken"]) == {}
    assert members(warehouse) == {"broken": 2, "buyers": 1}
    stand(warehouse, {"c1": 6, "c2": 1}, {"c1": 0, "c2": 0}, {"c2"})
    write_members(warehouse, [BUYERS], keep=["broken"])
    assert members(warehouse) == {"broken": 1, "buyers": 1}
    note_history(warehouse, START)
    assert {stay[0] for stay in stays(warehouse)} == {"c1"}
    write_members(warehouse, [])
    assert members(warehouse) == {}
