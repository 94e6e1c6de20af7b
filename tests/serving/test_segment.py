"""Segment's endpoints: what is kept, what is refused, and who is believed; read back through intake."""

from __future__ import annotations

import asyncio
import base64
import gzip
import itertools
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.fernet import Fernet

from intake.clock import FixedClock
from intake.log_line import payload
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.quarantine import read_quarantine
from intake.scan import scan_locations
from serving.http.messages import MAX_CALLS
from serving.http.segment_call import MAX_CALL_BYTES, completed
from tests.intake.scene import lake_rows
from tests.serving.service_client import CIPHER, config, running

SERVER_KEY, BROWSER_KEY = "a-long-enough-api-key", "public-browser-key"
WORKERS = map(str, itertools.count())
VIEW = {"type": "track", "event": "Product Viewed", "userId": "u7", "properties": {"product_id": "p1"}}


def basic(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def play(root: Path, scenario: Callable[[httpx.AsyncClient], Awaitable[None]], **changes: Any) -> None:
    async def run() -> None:
        # No worker has another's name.
        async with running(config(root, worker=next(WORKERS), **changes)) as client:
            await scenario(client)

    asyncio.run(run())


def post(root: Path, path: str, body: Any, headers: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
    answers: list[httpx.Response] = []

    async def scenario(client: httpx.AsyncClient) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answers.append(await client.post(path, content=content, headers=headers or {}))

    play(root, scenario, **changes)
    return answers[0]


def kept(root: Path) -> list[dict[str, Any]]:
    lines = [line for file in (root / "service_log" / "segment").glob("*") for line in file.read_bytes().splitlines()]
    return [json.loads(CIPHER.decrypt(msgspec.json.decode(payload(line))["sealed"].encode())) for line in lines]


@pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
def test_each_call_is_kept_as_it_came(tmp_path: Path, kind: str) -> None:
    call = {"userId": "u7", "event": "Hello", "groupId": "g1", "previousId": "k1", "timestamp": "2018-01-01T10:00:00Z"}
    answer = post(tmp_path, f"/v1/{kind}", call | {"traits": {"new": [1]}, "messageId": "m1"}, basic("k"))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    (line,) = kept(tmp_path)
    assert line.pop("receivedAt") == "2018-01-02T15:30:00+00:00"
    assert line == call | {"type": kind, "traits": {"new": [1]}, "messageId": "m1"}


def test_nothing_personal_is_on_disk_in_clear(tmp_path: Path) -> None:
    # Long words: two letters stand somewhere in any ciphertext of this size.
    call = {"userId": "customer-00071", "traits": {"email": "ann@example.org", "firstName": "Ann-Kathrin"}}
    post(tmp_path, "/v1/identify", call, basic("k"))
    content = b"".join(file.read_bytes() for file in (tmp_path / "service_log").rglob("*") if file.is_file())
    assert content
    assert not any(word in content for word in (b"ann@example.org", b"Ann-Kathrin", b"customer-00071"))


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/track", {"event": "Hello"}, "userId"),
        ("/v1/track", {"userId": "u7"}, "event"),
        ("/v1/track", {"userId": "u7", "event": "Hello", "properties": "red"}, "properties"),
        ("/v1/track", {"userId": {"id": 7}, "event": "Hello"}, "userId"),
        ("/v1/group", {"userId": "u7"}, "groupId"),
        ("/v1/alias", {"userId": "u7"}, "previousId"),
        ("/v1/batch", {"batch": "none"}, "batch"),
        ("/v1/batch", [1, 2], "(body)"),
        ("/v1/page", {"userId": "u7", "properties": {"text": "x" * MAX_CALL_BYTES}}, "(body)"),
    ],
)
def test_a_wrong_call_is_refused_with_its_field(tmp_path: Path, path: str, body: Any, field: str) -> None:
    answer = post(tmp_path, path, body, basic("k"))
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["field"] == field
    assert kept(tmp_path) == []


def test_one_wrong_call_does_not_refuse_its_batch_and_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    project = Project.open(DataPaths(tmp_path), repository_root() / "config")
    (tmp_path / "keys").mkdir()
    key = Fernet.generate_key()
    (tmp_path / "keys" / "quarantine.key").write_bytes(key)
    calls: list[Any] = [
        VIEW,
        {"type": "track", "event": "Hello"},
        {"type": "dance", "userId": "u7"},
        "what",
        {"type": "group", "userId": "u7"},
        {"type": "group", "userId": "u7", "groupId": "acme", "traits": {"industry": "toys"}},
        {"type": "identify", "userId": "u7", "traits": {"email": "ann@example.org"}},
    ]
    body = {"batch": calls, "sentAt": "2018-01-01T11:59:59Z"}
    noon = FixedClock(datetime(2018, 1, 1, 12, tzinfo=UTC))
    assert post(tmp_path, "/v1/batch", body, basic("k"), cipher=lambda: Fernet(key), clock=noon).status_code == 200
    reports = {report.source: report for report in scan_locations(project, ["segment_events", "segment_groups"])}
    assert [reports[name].total("accepted") for name in sorted(reports)] == [2, 1]
    batches = [(name, file.batch_id) for name in sorted(reports) for file in reports[name].files]
    reasons = [row.reason for name, batch in batches for row in read_quarantine(project.paths, name, batch)]
    assert reasons == [
        "missing_field:userId", "unknown_call_type", "unknown_call_type", "missing_field:groupId",
    ]  # fmt: skip
    events = lake_rows(project)
    assert sorted(event["event_type"] for event in events) == ["account_described", "product_viewed", "profile_updated"]
    assert all("ann@example.org" not in str(event) for event in events)


def test_a_browser_is_taken_in_but_not_believed(tmp_path: Path) -> None:
    keys = {"api_key": SERVER_KEY, "browser_key": BROWSER_KEY}
    assert post(tmp_path, "/v1/track", VIEW | {"writeKey": BROWSER_KEY}, **keys).status_code == 200
    assert post(tmp_path, "/v1/track", VIEW, basic(BROWSER_KEY), **keys).status_code == 200
    assert post(tmp_path, "/v1/track", VIEW | {"identity_unverified": False}, basic(SERVER_KEY), **keys).is_success
    assert post(tmp_path, "/v1/track", VIEW, {"authorization": f"Bearer {SERVER_KEY}"}, **keys).status_code == 200
    assert sorted(line.get("identity_unverified", False) for line in kept(tmp_path)) == [False, False, True, True]
    assert all("writeKey" not in line for line in kept(tmp_path))


@pytest.mark.parametrize("headers", [{}, basic("guess"), {"authorization": "Basic %%%"}, {"authorization": "Bearer x"}])
def test_nobody_comes_in_without_a_key(tmp_path: Path, headers: dict[str, str]) -> None:
    answer = post(tmp_path, "/v1/track", VIEW, headers, api_key=SERVER_KEY, browser_key=BROWSER_KEY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert kept(tmp_path) == []


def test_the_public_key_of_a_browser_opens_nothing_else(tmp_path: Path) -> None:
    headers = {"authorization": f"Bearer {BROWSER_KEY}"}
    keys = {"api_key": SERVER_KEY, "browser_key": BROWSER_KEY}
    for path in ("/v1/profiles/lookup", "/v1/features", "/v1/admin/pause", "/v1/decide/batch"):
        assert post(tmp_path, path, {}, headers, **keys).status_code == 403


def test_gzip_is_read_and_a_bomb_is_not(tmp_path: Path) -> None:
    encoded = basic("k") | {"content-encoding": "gzip"}
    assert post(tmp_path, "/v1/track", gzip.compress(json.dumps(VIEW).encode()), encoded).status_code == 200
    bomb = post(tmp_path, "/v1/track", gzip.compress(b" " * (64 << 20)), encoded)
    assert (bomb.status_code, bomb.json()["error"]["code"]) == (413, "too_large")
    assert post(tmp_path, "/v1/track", gzip.compress(b"{}")[:-9], encoded).json()["error"]["code"] == "not_gzip"
    assert post(tmp_path, "/v1/track", b"{}", encoded).json()["error"]["code"] == "not_gzip"
    whole = gzip.compress(json.dumps(VIEW).encode())
    assert post(tmp_path, "/v1/track", whole + whole, encoded).json()["error"]["code"] == "not_gzip", "one was dropped"
    assert post(tmp_path, "/v1/track", b"{}", basic("k") | {"content-encoding": "br"}).status_code == 415
    assert len(kept(tmp_path)) == 1


def test_more_calls_than_a_worker_has_time_for_are_refused_before_they_are_read(tmp_path: Path) -> None:
    answer = post(tmp_path, "/v1/batch", {"batch": [1] * (MAX_CALLS + 1)}, basic("k"))
    assert answer.status_code == 413
    assert answer.json()["error"] | {"message": ""} == {
        "code": "too_large", "message": "", "field": "batch", "bound": MAX_CALLS,
    }  # fmt: skip
    assert kept(tmp_path) == []


def test_the_same_call_sent_twice_bears_the_same_id(tmp_path: Path) -> None:
    for _ in range(2):
        post(tmp_path, "/v1/track", VIEW | {"timestamp": "2018-01-01T10:00:00Z"}, basic("k"))
    first, second = kept(tmp_path)
    assert first["messageId"] == second["messageId"]


def test_a_call_without_any_time_counts_once_a_minute() -> None:
    at = datetime(2018, 1, 1, 10, 0, 7, tzinfo=UTC)
    ids = [completed(VIEW, at + timedelta(seconds=late), trusted=True)["messageId"] for late in (0, 20, 60)]
    assert ids[0] == ids[1] != ids[2]


ARRIVED = datetime(2018, 1, 2, 15, 30, tzinfo=UTC)


# By hand, as Segment's specification has it: receivedAt - (sentAt - timestamp).
@pytest.mark.parametrize(
    ("said", "timestamp"),
    [
        # Two hours fast, 90 s in the queue; the batch says when it was sent.
        ({"timestamp": "2018-01-02T17:28:30Z"}, "2018-01-02T15:28:30+00:00"),
        # As RudderStack's clients say it, a day slow.
        ({"originalTimestamp": "2018-01-01T17:30:00.500+02:00"}, "2018-01-01T13:30:00.500000+00:00"),
        ({}, "2018-01-02T15:30:00+00:00"),
        # Corrected by somebody before, without a zone, later than it was sent, and no moment at all: as it came.
        ({"timestamp": "2018-01-01T00:00:00Z", "originalTimestamp": "2018-01-01T02:00:00Z"}, "2018-01-01T00:00:00Z"),
        ({"timestamp": "2018-01-02T17:28:30"}, "2018-01-02T17:28:30"),
        ({"timestamp": "2018-01-03T00:00:00Z"}, "2018-01-03T00:00:00Z"),
        ({"timestamp": "yesterday"}, "yesterday"),
        ({"timestamp": "0001-01-01T00:00:00Z"}, "0001-01-01T00:00:00Z"),
    ],
)
def test_a_client_s_wrong_clock_is_set_right_as_segment_does(said: dict[str, str], timestamp: str) -> None:
    call = completed(VIEW | {"sentAt": "2018-01-02T17:30:00Z"} | said, ARRIVED, trusted=True)
    assert call["timestamp"] == timestamp
    if timestamp.endswith("+00:00"):
        assert call["originalTimestamp"] == next(iter(said.values()), call["sentAt"])


def test_odd_but_legal_calls_are_taken_in(tmp_path: Path) -> None:
    """As browsers send them: a beacon of text/plain with the key in its body, a batch of every type, ids of numbers."""
    beacon = VIEW | {
        "writeKey": BROWSER_KEY,
        "anonymousId": "a1",
        "context": {"page": {"url": "https://shop.example/"}},
    }
    kinds = {
        "track": {"event": "X"},
        "identify": {},
        "page": {},
        "group": {"groupId": 7},
        "alias": {"previousId": "a1"},
    }
    mixed = {"batch": [{"type": kind, "anonymousId": "a1", "userId": 7, **extra} for kind, extra in kinds.items()]}

    async def scenario(client: httpx.AsyncClient) -> None:
        plain = {"content-type": "text/plain;charset=UTF-8"}
        answers = [await client.post("/v1/track", content=json.dumps(beacon), headers=plain)]
        packed = gzip.compress(json.dumps(mixed).encode())
        answers.append(
            await client.post("/v1/batch", content=packed, headers=basic("k") | {"content-encoding": "gzip"})
        )
        answers.append(await client.post("/v1/page", json={"anonymousId": "a2"}, headers=basic("k")))
        assert [answer.status_code for answer in answers] == [200, 200, 200]

    play(tmp_path, scenario, browser_key=BROWSER_KEY)
    calls = kept(tmp_path)
    assert [call["type"] for call in calls] == ["track", *kinds, "page"]
    assert all(call["messageId"] and call["timestamp"] for call in calls)
