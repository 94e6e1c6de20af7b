"""What a visit changes of a person: an order ends a stage of life, counts grow at once, nothing counts twice."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from intake.clock import FixedClock
from ml.segments.ladder import LIFECYCLE_IDS, LIFECYCLE_NAMES
from serving.live import LiveSnapshot
from serving.person import Person, person_of
from serving.reclassified import STAGES, up_to_date
from serving.replay.again import replay
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import DecisionRow, ProfileRecord
from tests.serving import sample
from tests.serving.service_client import config, logged, running

FEATURES: dict[str, Any] = {"recency_days": 90, "orders_91d": 5, "orders_lifetime": 8, "product_views_30d": 2}
LAPSED = ProfileRecord("lea", -6, "Lapsed customers", features=FEATURES, **sample.CONSENTED)  # type: ignore[arg-type]
ORDERED = {"session_orders": 3, "session_product_views": 4, "session_seconds": 60}
LEA = [{"type": "loyalty_id", "value": "lea"}]


def told(visit: dict[str, Any] | None, profile: ProfileRecord = LAPSED, hours: int = 1) -> ProfileRecord:
    """The profile after a visit, `hours` after the moment the snapshot is of."""
    found = up_to_date(person_of(profile), visit, sample.NOW + timedelta(hours=hours), sample.NOW).profile
    assert found is not None
    return found


def test_an_order_makes_somebody_active_and_counts_once() -> None:
    found = told(ORDERED)
    assert (found.segment_id, found.segment_name) == (-4, "Active customers")
    assert found.features == {"recency_days": 0, "orders_91d": 6, "orders_lifetime": 9, "product_views_30d": 6}


@pytest.mark.parametrize(("before", "after"), [(-2, -3), (-3, -3), (-4, -4), (-5, -4), (-6, -4), (-1, -1), (2, 2)])
def test_stages_follow_the_batch_and_personas_wait_for_it(before: int, after: int) -> None:
    assert told(ORDERED, msgspec.structs.replace(LAPSED, segment_id=before)).segment_id == after


def test_names_are_those_of_the_batch() -> None:
    assert {found: LIFECYCLE_NAMES[found] for found, _ in STAGES.values()} == dict(STAGES.values())
    assert STAGES.keys() == {LIFECYCLE_IDS[name] for name in ("prospect", "lapsing", "lapsed")}


def test_of_a_visit_that_the_batch_may_have_seen_nothing_counts_twice() -> None:
    found = told(ORDERED | {"session_seconds": 3_601})
    assert (found.segment_id, found.features["recency_days"]) == (-4, 0)
    assert {name: found.features[name] for name in ("orders_91d", "product_views_30d")} == {
        "orders_91d": 5, "product_views_30d": 2
    }  # fmt: skip
    assert told({"session_orders": 1}).features["orders_91d"] == 5


def test_without_evidence_a_person_stays_as_they_are() -> None:
    person = person_of(LAPSED)
    quiet = {"session_orders": 0, "session_product_views": 0, "session_seconds": 5, "moment_score": 0.1}
    for visit in (None, {}, quiet):
        assert up_to_date(person, visit, sample.NOW, sample.NOW) is person
    stranger = Person(None, "", frozenset())
    assert up_to_date(stranger, ORDERED, sample.NOW, sample.NOW) is stranger
    # What the snapshot does not carry is not made up.
    assert told(ORDERED, msgspec.structs.replace(LAPSED, features={})).features == {}


def test_the_next_decision_knows_it_and_is_made_again_to_the_byte(tmp_path: Path) -> None:
    root, rows = tmp_path / "snapshots", sample.decision_rows()
    rows += [DecisionRow("home_hero", -4, "any", "deli", 5.0, "test", 1000)]
    whole = sample.contents()
    named = [*whole.identifiers, ("loyalty_id", sample.value_hash("loyalty_id", "lea"), "lea")]
    folder = sample.write(root, "v1", profiles=[*whole.profiles, LAPSED], identifiers=named, decision_rows=rows)
    pointer.switch(root, "v1")
    later = FixedClock(sample.NOW + timedelta(hours=1))

    async def scenario() -> list[dict[str, Any]]:
        found = []
        async with running(config(tmp_path, clock=later, overlay=tmp_path / "runtime", overlay_megabytes=16)) as client:
            for kind in ("page_viewed", "order_completed"):
                event = {
                    "event_type": kind,
                    "session_id": "s1",
                    "order_id": "o1",
                    "amount": 20.0,
                    "identifiers": LEA,
                    "occurred_at": later.at.isoformat(),
                }
                assert (await client.post("/v1/events", json={"events": [event]})).status_code == 202
                answer = await client.post("/v1/decide", json={"placements": ["home_hero"], "identifiers": LEA})
                found.append(answer.json()["decisions"][0])
        return found

    before, after = asyncio.run(scenario())
    # 90 days away: the welcome back. With the order it is over, and the table's row for active customers answers.
    assert (before["action"], before["rung"], before["segment_id"]) == ("we_missed_you", "rule", -6)
    assert (after["segment_id"], after["rung"]) == (-4, "segment")
    assert after["action"] == "deli"
    assert [line["properties"]["session"]["session_orders"] for line in logged(tmp_path, "decisions")] == [0, 1]
    with closing(LiveSnapshot(SnapshotReader(folder))) as live:
        for file in (tmp_path / "service_log" / "decisions").glob("*.jsonl"):
            assert all(replay(live, line).identical for line in file.read_bytes().splitlines())
