"""Features made a part of the customers at a time are those made of everybody at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.dbt_room import Room

FEW = "{customers_a_part: 8}"
FEATURES = "marts.customer_features"
# Two people's receipts have one number, and a carrier's message has that number and no name.
SAME_NUMBER = """
    update intermediate.int_order_milestone_daily set order_id = 'same' where order_id in ('o2', 'o3');
    insert into intermediate.int_order_milestone_daily by name
    select 'same' as order_id, date '2017-01-09' as event_date, date '2017-01-09' as received_date,
        timestamp '2017-01-09 12:00:00' as delivered_at
"""


@pytest.fixture
def copied(built: Room, tmp_path: Path) -> Room:
    return built.copy_to(tmp_path / "copied")


def test_parts_together_are_everybody(copied: Room) -> None:
    copied.execute(SAME_NUMBER)
    made = []
    for parts in ([], ["--vars", FEW]):
        copied.dbt("run", "--full-refresh", "--select", "customer_features", *parts)
        made.append((copied.table(FEATURES), copied.execute(f"DESCRIBE {FEATURES}")))
    assert made[0] == made[1]
    (file,) = (copied.root / "target" / "run").rglob("customer_features.sql")
    people = copied.execute("SELECT count(DISTINCT canonical_id) FROM identity.identity_assignment")[0][0]
    assert file.read_text().count("insert into") == -(-people // 8) > 1


def test_a_training_frame_in_parts_is_the_same(built: Room, copied: Room) -> None:
    copied.execute("DELETE FROM marts.training_frame")
    copied.dbt("run", "--select", "training_frame", "--vars", FEW)
    assert copied.table("marts.training_frame") == built.table("marts.training_frame") != []


# Two hundred thousand days of twenty thousand people, before and after the cut-off of the room.
MANY_DAYS = """
    insert into identity.identity_assignment by name
    select 'many' || number as canonical_id, number as identifier_key, timestamp '1900-01-01' as valid_from,
        timestamp '9999-01-01' as valid_to, timestamp '1900-01-01' as system_from, timestamp '9999-01-01' as system_to
    from range(1000, 21000) as people (number);
    insert into intermediate.int_identifier_daily by name
    select 1000 + number % 20000 as anchor_key, date '2017-01-01' + cast(number % 20 as integer) as event_date,
        date '2017-01-01' + cast(number % 20 as integer) as received_date
    from range(200000) as days (number)
"""


def test_days_are_not_kept_to_look_identifiers_up(copied: Room) -> None:
    copied.execute(MANY_DAYS)
    copied.dbt("compile", "--select", "training_frame")
    (file,) = (copied.root / "target" / "compiled").rglob("training_frame.sql")
    asked = file.read_text().replace("cutoff.as_of is not null", "cutoff.as_of = timestamp '2017-01-12'")
    plan = json.loads(copied.execute(f"EXPLAIN (FORMAT json) {asked}")[0][1])
    looked_up = [
        node["extra_info"]["Join Type"]
        for node in nodes(plan)
        if "login_key" in str(node["extra_info"].get("Conditions")) and "int_identifier_daily" in str(node["children"])
    ]
    # A join that is turned round keeps the days.
    assert set(looked_up) == {"LEFT"}, looked_up


def nodes(plan: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in plan:
        yield node
        yield from nodes(node["children"])
