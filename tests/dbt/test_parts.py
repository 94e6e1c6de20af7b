"""Features made a part of the customers at a time are those made of everybody at once."""

from __future__ import annotations

from pathlib import Path

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
