"""Segments by rule and micro-segments within a visit: thresholds crossed at once, noted, and made again to the byte."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from intake.clock import FixedClock
from serving.explanation import record_of
from serving.live import LiveSnapshot
from serving.membership import carried, segments_of
from serving.person import Person, person_of
from serving.policy import Policy, Rule
from serving.replay.again import replay
from serving.segment_definitions import SegmentDefinitions
from serving.segments_used import SegmentsUsed
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProfileRecord, SnapshotError
from tests.serving import sample
from tests.serving.service_client import config, logged, running

LOOKING = [
    "and",
    [">=", ["column", "orders_30d"], ["value", 1]],
    [">", ["column", "product_views_7d"], ["value", 3]],
]
KNOWN = SegmentDefinitions(
    {
        "looking_again": LOOKING,
        "away": [">=", ["column", "recency_days"], ["value", 60]],
        "lost": ["in", ["column", "lifecycle"], ["value", "lapsing"], ["value", "lapsed"]],
        "hot": ["=", ["column", "intent"], ["value", "hot"]],
        "visitors": [">", ["column", "sessions_7d"], ["value", 2]],
    },
    large=frozenset({"2/churn low/value high/intent warm", "2/churn low/value high/intent hot"}),
)
FEATURES: dict[str, Any] = {
    "rule_segments": "away,big_spenders,lost",
    "micro_segment": "2/churn low/value high/intent cold",
    "orders_30d": 0,
    "product_views_7d": 2,
    "sessions_7d": 2,
    "recency_days": 90,
    "lifecycle": "lapsed",
}
LEA = ProfileRecord("lea", 2, "Regulars", features=FEATURES, **sample.CONSENTED)  # type: ignore[arg-type]
VISIT = {"session_seconds": 60, "session_orders": 0, "session_product_views": 2, "session_cart_adds": 0}
ORDERED = VISIT | {"session_orders": 2, "session_cart_adds": 1}
WANTED = Rule(name="r", effect="force", when='"looking_again" in rule_segments', reason="Again.", priority=1000,
              placements=["home_hero"], actions=["meat"])  # fmt: skip
POLICY = Policy(name="p", version=1, description="x", owner="x", rules=[WANTED])


def used(visit: dict[str, Any] | None, profile: ProfileRecord = LEA, hours: int = 1) -> SegmentsUsed:
    found = segments_of(KNOWN, person_of(profile), visit, sample.NOW + timedelta(hours=hours), sample.NOW)
    assert found is not None
    return found


def test_without_a_visit_it_is_what_the_run_found() -> None:
    assert used(None) == SegmentsUsed(["away", "big_spenders", "lost"])
    warm = {**FEATURES, "micro_segment": "2/churn low/value high/intent warm"}
    assert used(None, msgspec.structs.replace(LEA, features=warm)).micro_segment == warm["micro_segment"]


def test_figures_of_an_hourly_run_move_what_the_daily_one_found() -> None:
    hourly = {**FEATURES, "orders_30d": 1, "product_views_7d": 4, "recency_days": 0, "lifecycle": "active"}
    found = used(None, msgspec.structs.replace(LEA, features=hourly))
    assert (found.entered, found.left) == (["looking_again"], ["away", "lost"])


def test_thresholds_are_crossed_in_a_visit_and_what_it_does_not_know_stays() -> None:
    assert used(VISIT) == SegmentsUsed(
        ["away", "big_spenders", "lost", "visitors"], ["visitors"], [], "2/churn low/value high/intent warm"
    )
    # One order, though it came in two lines: recency is 0, the stage of life ends, and the cart was used.
    assert used(ORDERED) == SegmentsUsed(
        ["big_spenders", "hot", "looking_again", "visitors"],
        ["hot", "looking_again", "visitors"],
        ["away", "lost"],
        "2/churn low/value high/intent hot",
    )


def test_of_a_visit_that_the_run_may_have_seen_no_count_is_counted_twice() -> None:
    found = used(ORDERED | {"session_seconds": 3_601})
    assert (found.entered, found.left) == (["hot"], ["away", "lost"])


def test_what_is_not_known_is_not_made_up() -> None:
    # A snapshot that does not carry the figures keeps to the run, and nobody enters by a null.
    bare = {"rule_segments": "away", "micro_segment": None, "orders_30d": None, "product_views_7d": 9}
    assert used(ORDERED, msgspec.structs.replace(LEA, features=bare)) == SegmentsUsed(["away"])
    small = {**FEATURES, "micro_segment": "1/churn low/value high/intent warm"}
    assert used(ORDERED, msgspec.structs.replace(LEA, features=small)).micro_segment == ""
    for person in (Person(None, "", frozenset()), person_of(msgspec.structs.replace(LEA, features={}))):
        assert segments_of(KNOWN, person, ORDERED, sample.NOW, sample.NOW) is None


def test_only_placements_whose_rules_name_segments_pay_for_them(tmp_path: Path) -> None:
    folders = [
        sample.write(tmp_path, "without", segments=KNOWN),
        sample.write(tmp_path, "with", segments=KNOWN, policies=[POLICY]),
    ]
    with (
        closing(LiveSnapshot(SnapshotReader(folders[0]))) as none,
        closing(LiveSnapshot(SnapshotReader(folders[1]))) as one,
    ):
        assert (none.segmented, one.segmented) == (frozenset(), frozenset({"home_hero"}))
        assert one.session_features >= {"cart_adds", "product_views", "orders", "seconds"}
        assert "cart_adds" not in none.session_features
        assert carried(none.segments, none.placements.values(), none.reader.policies) == set()
        assert carried(one.segments, one.placements.values(), one.reader.policies) == FEATURES.keys()


@pytest.mark.parametrize(
    ("condition", "message"),
    [([">", ["column", "spend_30d"], ["value", 1]], "no visit keeps spend_30d fresh"), (["like", 1], "no part of a")],
)
def test_a_definition_that_cannot_be_judged_is_refused(tmp_path: Path, condition: list[Any], message: str) -> None:
    with pytest.raises(SnapshotError, match=message):
        sample.write(tmp_path, segments=SegmentDefinitions({"own": condition}))


def test_the_next_decision_uses_it_says_so_and_is_made_again_to_the_byte(tmp_path: Path) -> None:
    root, whole = tmp_path / "snapshots", sample.contents()
    named = [*whole.identifiers, ("loyalty_id", sample.value_hash("loyalty_id", "lea"), "lea")]
    features = FEATURES | {
        "rule_segments": "big_spenders",
        "recency_days": 5,
        "orders_30d": 1,
        "sessions_7d": 0,
        "lifecycle": "new",
    }
    lea = msgspec.structs.replace(LEA, features=features)
    profiles = [*whole.profiles, lea]
    folder = sample.write(
        root, "v1", profiles=profiles, identifiers=named, policies=[*whole.policies, POLICY], segments=KNOWN
    )
    pointer.switch(root, "v1")
    later = FixedClock(sample.NOW + timedelta(hours=1))
    who = [{"type": "loyalty_id", "value": "lea"}]

    async def scenario() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        async with running(config(tmp_path, clock=later, overlay=tmp_path / "runtime", overlay_megabytes=16)) as client:
            for views in (1, 1, 1):
                event = {"event_type": "product_viewed", "session_id": "s1", "product_id": "p1", "identifiers": who}
                told = {"events": [event | {"event_id": f"{len(found)}", "occurred_at": later.at.isoformat()}] * views}
                assert (await client.post("/v1/events", json=told)).status_code == 202
                asked = {"placements": ["home_hero", "product_review"], "identifiers": who}
                found += (await client.post("/v1/decide", json=asked)).json()["decisions"]
        return found

    first, other, second, *_ = asyncio.run(scenario())
    assert (first["action"] != "meat", second["action"], second["reason"]) == (True, "meat", "Again.")
    assert first["segments"] == {"rules": ["big_spenders"], "micro_segment": "2/churn low/value high/intent warm"}
    assert (second["segments"]["rules"], second["segments"]["entered"]) == (["big_spenders", "looking_again"],
                                                                            ["looking_again"])  # fmt: skip
    assert "segments" not in other
    lines = logged(tmp_path, "decisions")
    assert lines[2]["properties"]["segments"] == second["segments"]
    told = record_of(lines[2], []).explanation
    assert "segments by rule: big_spenders, looking_again (entered since the last run: looking_again)" in told
    with closing(LiveSnapshot(SnapshotReader(folder))) as live:
        for file in (tmp_path / "service_log" / "decisions").glob("*.jsonl"):
            assert all(replay(live, line).identical for line in file.read_bytes().splitlines())
