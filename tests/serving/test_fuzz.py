"""Thousands of wrong bodies: none makes the service fail, and every answer is one that its document promises."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from serving.http.messages import Refusal
from serving.http.openapi import openapi_document
from serving.http.problems import PROBLEM_TYPE
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, running

MUTANTS = 80
ANN = [{"type": "loyalty_id", "value": "ann"}]
BODIES: dict[str, dict[str, Any]] = {
    "/v1/decide": {
        "placements": ["home_hero"], "identifiers": ANN, "request_id": "r", "deadline_ms": 5.0,
        "context": {"device_type": "mobile", "hour": 3, "cart_value": 4.0, "product_ids": ["p1"], "product_id": "p2"},
    },
    "/v1/decide/batch": {
        "people": [{"identifiers": ANN, "context": {"hour": 1}, "request_id": "r"}, {}], "placements": ["home_hero"],
        "context": {"channel": "email"},
    },
    "/v1/profiles/lookup": {"identifiers": ANN},
    "/v1/features": {"identifiers": ANN, "features": ["recency_days"]},
    "/v1/events": {
        "events": [{
            "event_type": "page_viewed", "occurred_at": "2018-01-02T15:00:00Z", "identifiers": ANN,
            "page_url": "https://shop/x", "quantity": 1.0, "dwell_ms": 3, "currency": "USD", "scroll_depth": 0.5,
            "properties": {"a": [1, {"b": "c"}]}, "user_token": "a.b.c",
        }]
    },
    "/v1/consent": {"identifiers": ANN, "purpose": "analytics", "granted": True, "occurred_at": "2018-01-02T15:00:00Z"},
    "/v1/exposures": {"exposures": [{"personalization_id": "a" * 32, "placement": "home_hero", "identifiers": ANN}]},
    "/v1/track": {"userId": "u", "event": "Hello", "timestamp": "2018-01-02T15:00:00Z", "properties": {"a": 1}},
    "/v1/batch": {"batch": [{"type": "track", "userId": "u", "event": "Hi"}], "sentAt": "2018-01-02T15:00:00Z"},
    "/v1/admin/pause": {"scope": "home_hero", "reason": "r"},
    "/v1/admin/resume": {"scope": "home_hero"},
}  # fmt: skip
DEEP: Any = "x"
for _ in range(400):
    DEEP = [DEEP]
WEIRD = list(map(json.dumps, [
    None, True, -1, 0, 2**63, 10**40, 1e308, -0.0, 0.1, "", "x" * 3_000, "\x00", "\ud800", "☃" * 50, [], {}, [[]], DEEP,
    {"a": DEEP}, [None], ["home_hero"] * 30, "9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00:00+14:00", "NaN",
    {"type": "email", "value": "joe@example.net"}, {"": ""},
]))  # fmt: skip


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from nodes(item, (*path, key))


def mutant(rng: random.Random, body: Any) -> bytes:
    body = copy.deepcopy(body)
    for _ in range(rng.choice((1, 1, 2))):
        *above, last = rng.choice([path for path in nodes(body) if path])
        parent = body
        for step in above:
            parent = parent[step]
        if isinstance(parent, dict) and rng.random() < 0.15:
            parent[rng.choice(("colour", "", "\ud800"))] = json.loads(rng.choice(WEIRD))
        elif rng.random() < 0.1:
            del parent[last]
            break
        else:
            parent[last] = json.loads(rng.choice(WEIRD))
            break
    content = json.dumps(body).encode()
    if rng.random() < 0.15:
        cut = rng.randrange(len(content))
        content = content[:cut] + rng.choice((b"", b"\xff", b"\x00", b"}", b"1e999")) + content[cut + 1 :]
    return content


def test_no_body_makes_the_service_fail(tmp_path: Path) -> None:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    seen: dict[str, Counter[int]] = {path: Counter() for path in BODIES}

    async def scenario() -> None:
        rng = random.Random(6)  # noqa: S311
        async with running(config(tmp_path, overlay=tmp_path / "runtime", overlay_megabytes=16)) as client:
            for path, body in BODIES.items():
                for content in (json.dumps(body).encode(), *(mutant(rng, body) for _ in range(MUTANTS))):
                    answer = await client.post(path, content=content, headers={"authorization": "Bearer any"})
                    seen[path][answer.status_code] += 1
                    check(path, content, answer)

    asyncio.run(scenario())
    assert all(len(statuses) > 1 for statuses in seen.values()), seen


def check(path: str, content: bytes, answer: httpx.Response) -> None:
    documented = openapi_document()["paths"][path]["post"]["responses"]
    assert str(answer.status_code) in documented, (path, answer.text, content[:2_000])
    if answer.status_code < 400:
        assert b'"error"' not in answer.content, (path, answer.text, content[:2_000])
        return
    assert answer.headers["content-type"] == PROBLEM_TYPE
    refusal = msgspec.json.decode(answer.content, type=Refusal)
    assert refusal.status == answer.status_code
    assert "joe@" not in answer.text
