"""Logged decisions made again: the same bytes for everybody, from the snapshot and from what was kept of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from intake.log_line import payload, with_checksum
from serving.live import LiveSnapshot
from serving.log.lookup import decision_lines, raw_decisions
from serving.replay.again import NotReplayableError, replay
from serving.replay.inputs import digest_of
from serving.replay.kept import keep
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from tests.serving import sample
from tests.serving.service_client import config, running

PEOPLE = ["ann", "bob", "cleo", "dan", "eve", "finn", "stranger"]
PLACEMENTS = ["home_hero", "weekly_email_offer", "product_recommendation", "checkout_incentive"]
PRODUCTS = ["p1", "p4", "p6", "nope"]


def question(rng: random.Random, who: str) -> dict[str, Any]:
    cart = {"product_ids": rng.sample(["p1", "p2", "p3", "p8"], rng.randrange(4)), "cart_value": rng.uniform(0, 90)}
    context = {
        "device_type": rng.choice(["mobile", "desktop"]),
        "product_id": rng.choice(PRODUCTS),
        **(cart if rng.random() < 0.5 else {}),
        **({"country": rng.choice(["DE", "US"])} if rng.random() < 0.3 else {}),
    }
    named = [{"type": "loyalty_id", "value": who}, {"type": "cookie", "value": f"c-{who}"}]
    body = {"identifiers": rng.sample(named, rng.randrange(3)), "placements": PLACEMENTS, "context": context}
    return body | ({"request_id": f"r{rng.random()}"} if rng.random() < 0.5 else {})


async def browse(client: httpx.AsyncClient, rng: random.Random, who: str) -> None:
    cookie = [{"type": "cookie", "value": f"c-{who}"}]
    event = {
        "event_type": "product_viewed",
        "session_id": who,
        "product_id": rng.choice(PRODUCTS),
        "dwell_ms": 60_000,
        "identifiers": cookie,
    }
    assert (await client.post("/v1/events", json={"events": [event]})).status_code == 202
    if rng.random() < 0.3:
        purpose = rng.choice(["analytics", "personalization", "profiling_price"])
        word = {"purpose": purpose, "granted": rng.random() < 0.5, "identifiers": cookie}
        assert (await client.post("/v1/consent", json=word)).status_code == 202


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in which people browsed, changed their mind and were asked about, some of it while a placement paused."""
    root = tmp_path_factory.mktemp("shop")
    sample.write(root / "snapshots", "v1")
    pointer.switch(root / "snapshots", "v1")
    paused: set[str] = set()
    rng = random.Random(3)  # noqa: S311

    async def run() -> None:
        settings = config(root, overlay=root / "overlay", paused_scopes=lambda: frozenset(paused))
        async with running(settings) as client:
            for turn in range(60):
                if turn == 50:
                    paused.add("home_hero")
                    assert (await client.post("/v1/admin/reload")).status_code == 200
                who = rng.choice(PEOPLE)
                await browse(client, rng, who)
                body = question(rng, who) | ({"deadline_ms": 0} if turn % 10 == 9 else {})
                assert (await client.post("/v1/decide", json=body)).status_code == 200
                level = ["plain", "popular", "0"][turn % 3]
                cached = await client.get(f"/v1/placements/home_hero/{level}", params={"device_type": f"d{turn % 4}"})
                assert cached.status_code == 200

    asyncio.run(run())
    return root


@pytest.fixture(scope="module")
def live(shop: Path) -> Iterator[LiveSnapshot]:
    snapshot = LiveSnapshot(SnapshotReader(shop / "snapshots" / "v1"))
    yield snapshot
    snapshot.close()


def lines(shop: Path) -> list[bytes]:
    return list(decision_lines(shop / "service_log"))


def test_every_decision_comes_out_with_the_same_bytes(shop: Path, live: LiveSnapshot) -> None:
    again = [replay(live, line) for line in lines(shop)]
    assert len(again) > 240
    assert [one for one in again if not one.identical or one.differs or not one.same_code] == []
    said = [msgspec.json.decode(payload(line))["properties"] for line in lines(shop)]
    # What makes replay hard occurred: pauses, words of consent, sessions, people who must not be on record.
    assert {"rule", "segment", "paused", "no_consent", "recommendation", "popular"} <= {one["rung"] for one in said}
    assert any("session" in one for one in said)
    assert any("granted" in one["replay"] for one in said)
    assert any("prepared_at" in one["replay"] for one in said)
    assert {"plain", "popular", "0"} <= {one["replay"].get("segment") for one in said}
    assert {"stranger", "customer"} <= {one["replay"].get("unnamed") for one in said}


def test_what_is_kept_of_a_version_is_enough(shop: Path, tmp_path: Path) -> None:
    kept = keep(shop / "snapshots" / "v1", tmp_path, lines(shop))
    assert (kept.decisions, kept.differing, kept.skipped) == (len(lines(shop)), 0, 0)
    assert 0 < kept.rows["profile"] <= 6
    again = LiveSnapshot(SnapshotReader(tmp_path / "v1"))
    assert all(replay(again, line).identical for line in lines(shop))
    again.close()
    assert keep(shop / "snapshots" / "v1", tmp_path, lines(shop)[:1]).rows["profile"] <= 1


def test_a_version_nobody_was_answered_from_leaves_nothing(shop: Path, tmp_path: Path) -> None:
    assert keep(shop / "snapshots" / "v1", tmp_path, [b"torn", b""]).skipped == 2
    assert not (tmp_path / "v1").exists()


@pytest.mark.parametrize("field", ["action", "propensity", "reason", "eligible"])
def test_a_line_that_was_touched_is_told(shop: Path, live: LiveSnapshot, field: str) -> None:
    line = msgspec.json.decode(payload(lines(shop)[0]))
    line["properties"][field] = "else"
    result = replay(live, with_checksum(msgspec.json.encode(line)))
    assert (result.identical, result.differs) == (False, [field])


def test_another_payload_is_told_though_the_log_does_not_hold_it(shop: Path, live: LiveSnapshot) -> None:
    line = msgspec.json.decode(payload(lines(shop)[0]))
    line["properties"]["replay"]["digest"] = "0" * 32
    result = replay(live, with_checksum(msgspec.json.encode(line)))
    assert (result.identical, result.differs) == (False, ["content"])
    assert digest_of(result.decision) != "0" * 32


def test_a_torn_line_is_refused_with_a_sentence(shop: Path, live: LiveSnapshot) -> None:
    with pytest.raises(NotReplayableError, match="torn"):
        replay(live, lines(shop)[0][:-20])


def test_lines_are_found_by_id_across_blocks(tmp_path: Path) -> None:
    folder = tmp_path / "decisions"
    folder.mkdir()
    padding = b"x" * 700_000
    ids = [f"{number:032x}" for number in range(6)]
    rows = [b'{"event_id":"d%b","p":"%b"}\n' % (name.encode(), padding) for name in ids]
    (folder / "w-1.jsonl").write_bytes(b"".join(rows) + b'{"event_id":"d' + b"f" * 32)
    for name, row in zip(ids, rows, strict=True):
        assert list(raw_decisions(tmp_path, name)) == [row.rstrip(b"\n")]
    assert list(raw_decisions(tmp_path, "f" * 32)) == []
