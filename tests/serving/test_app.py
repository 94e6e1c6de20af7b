"""The HTTP service over the sample shop: answers, refusals, logs, kill switch and key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from intake.purposes import MARKETING
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, logged, running, until

ANN = [{"type": "loyalty_id", "value": "ann"}]
SECRET = "a-long-enough-api-key"
Scenario = Callable[[httpx.AsyncClient], Awaitable[None]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    return tmp_path


def play(scenario: Scenario, root: Path, **changes: Any) -> None:
    async def run() -> None:
        async with running(config(root, **changes)) as client:
            await scenario(client)

    asyncio.run(run())


def test_decisions_are_answered_and_logged(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        body = {"identifiers": ANN, "placements": ["home_hero", "weekly_email_offer"], "context": {"channel": "web"}}
        response = await client.post("/v1/decide", json=body)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        answers.extend(response.json()["decisions"])

    answers: list[dict[str, Any]] = []
    play(scenario, root)
    assert [a["placement"] for a in answers] == ["home_hero", "weekly_email_offer"]
    assert {a["snapshot_version"] for a in answers} == {"v1"}
    assert set(answers[0]) == {
        "placement", "action", "content", "reason", "propensity", "rung", "snapshot_version", "personalization_id",
        "segment_id", "eligible", "blocked", "missing_purpose", "conditional_propensity",
    }  # fmt: skip
    lines = logged(root, "decisions")
    assert [line["personalization_id"] for line in lines] == [a["personalization_id"] for a in answers]
    assert lines[0]["event_type"] == "decision_made"
    assert lines[0]["identifiers"] == [{"type": "loyalty_id", "value": sample.value_hash("loyalty_id", "ann")}]
    for name in ("placement", "action", "propensity", "rung", "reason", "blocked", "segment_id", "eligible"):
        assert lines[0]["properties"][name] == answers[0][name]
    shown = logged(root, "exposures")
    assert [(line["event_type"], line["properties"]["placement"]) for line in shown] == [
        ("exposure_shown", "weekly_email_offer")
    ]


def test_a_repeated_request_id_gets_the_same_bytes(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        body = {"identifiers": ANN, "placements": ["home_hero"], "request_id": "r1"}
        first, second = [await client.post("/v1/decide", json=body) for _ in range(2)]
        assert first.content == second.content
        del body["request_id"]
        fresh = [await client.post("/v1/decide", json=body) for _ in range(2)]
        ids = {response.json()["decisions"][0]["personalization_id"] for response in (first, *fresh)}
        assert len(ids) == 3

    play(scenario, root)


def test_an_unknown_person_and_a_placeholder_get_the_popular_choice(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for identifiers in ([], [{"type": "cookie", "value": "new"}], [{"type": "cookie", "value": "placeholder"}]):
            response = await client.post("/v1/decide", json={"placements": ["home_hero"], "identifiers": identifiers})
            assert response.json()["decisions"][0]["rung"] == "popular"

    play(scenario, root)


@pytest.mark.parametrize(
    ("path", "body", "status", "field", "value"),
    [
        ("/v1/decide", {"placements": ["nowhere"]}, 422, "placements[0]", "nowhere"),
        ("/v1/decide", {"placements": []}, 422, "placements", None),
        ("/v1/decide", {}, 422, "(body)", None),
        ("/v1/decide", [], 422, "(body)", None),
        ("/v1/decide", {"placements": ["home_hero"], "context": {"hour": 24}}, 422, "context.hour", 24),
        ("/v1/decide", {"placements": ["home_hero"], "context": {"hours": 1}}, 422, "context.hours", None),
        ("/v1/decide", {"placements": ["home_hero"], "context": {"cart_value": -1}}, 422, "context.cart_value", -1),
        ("/v1/decide", {"placements": ["home_hero"], "identifiers": [{"type": "ssn", "value": "x"}]}, 422,
         "identifiers[0].type", None),
        ("/v1/profiles/lookup", {"identifiers": []}, 422, "identifiers", None),
        ("/v1/events", {"events": []}, 422, "events", None),
        ("/v1/events", {"events": [{"event_type": "danced"}]}, 422, "events[0].event_type", "danced"),
        ("/v1/events", {"events": [{"event_type": "product_viewed"}]}, 422, "events[0].product_id", None),
        ("/v1/events", {"events": [{"event_type": "page_viewed", "occurred_at": "2090-01-01T00:00:00Z"}]}, 422,
         "events[0].occurred_at", "2090-01-01T00:00:00+00:00"),
        ("/v1/events", {"events": [{"event_type": "page_viewed", "occurred_at": "2018-01-01T00:00:00"}]}, 422,
         "events[0].occurred_at", "2018-01-01T00:00:00"),
        ("/v1/events", {"events": [{"event_type": "page_viewed", "scroll_depth": 1.5}]}, 422,
         "events[0].scroll_depth", 1.5),
        ("/v1/exposures", {"exposures": [{"personalization_id": "zz"}]}, 422, "exposures[0].personalization_id", "zz"),
    ],
)  # fmt: skip
def test_wrong_bodies_name_field_and_value(
    root: Path, path: str, body: Any, status: int, field: str, value: Any
) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        response = await client.post(path, json=body)
        error = response.json()["error"]
        assert (response.status_code, error["field"], error.get("value")) == (status, field, value)
        assert error["message"]

    play(scenario, root)
    assert logged(root, "events") == []


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/v1/profiles/lookup", {"identifiers": [{"type": "ssn", "value": "x"}]}, "loyalty_id"),
        ("/v1/consent", {"identifiers": [{"type": "cookie", "value": "x"}], "purpose": "ads", "granted": True},
         "marketing_ads"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_answered_with_those_that_are_allowed(root: Path, path: str, body: Any, word: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert word in (await client.post(path, json=body)).json()["error"]["allowed"]

    play(scenario, root)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "not_json"),
        (b"{", 400, "not_json"),
        (b'{"placements": ["\xff"]}', 400, "not_json"),
        (b"[" * 100_000, 400, "too_deep"),
        (b'{"events":[{"event_type":"custom","properties":' + b'{"a":' * 50_000, 400, "too_deep"),
        (b" " * 2_000_000, 413, "too_large"),
    ],
)
def test_bodies_that_are_no_requests(root: Path, content: bytes, status: int, code: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/events", content=content)
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)

    play(scenario, root)


def test_a_body_without_a_length_is_limited_too(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        async def chunks() -> Any:
            for _ in range(30):
                yield b" " * 100_000

        response = await client.post("/v1/events", content=chunks())
        assert response.status_code == 413

    play(scenario, root)


def test_events_are_on_disk_when_acknowledged_without_anything_personal(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        event = {
            "event_type": "product_viewed", "product_id": "p1", "event_id": "e1",
            "occurred_at": "2018-01-02T10:00:00-05:00",
            "identifiers": [{"type": "email", "value": "joe@example.net"}],
            "page_url": "https://shop/p1?email=joe@example.net", "properties": {"note": ["write joe@example.net"]},
        }  # fmt: skip
        response = await client.post("/v1/events", json={"events": [event, {"event_type": "page_viewed"}]})
        assert response.status_code == 202
        assert response.json()["accepted"] == 2
        content = next((root / "service_log" / "events").glob("*.open")).read_bytes()
        assert content.count(b"\n") == 2

    play(scenario, root)
    first, second = logged(root, "events")
    assert first["event_id"] == "e1"
    assert first["occurred_at"] == "2018-01-02T15:00:00Z"
    assert first["received_at"] == "2018-01-02T15:30:00Z"
    assert len(second["event_id"]) == 32
    everything = b"".join(path.read_bytes() for path in root.rglob("*.jsonl"))
    assert b"joe@" not in everything


def test_the_same_event_without_an_id_gets_the_same_id(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        event = {"event_type": "page_viewed", "occurred_at": "2018-01-02T10:00:00Z", "identifiers": ANN}
        ids = [(await client.post("/v1/events", json={"events": [event]})).json()["event_ids"] for _ in range(2)]
        assert ids[0] == ids[1]
        other = event | {"page_type": "home"}
        assert (await client.post("/v1/events", json={"events": [other]})).json()["event_ids"] != ids[0]

    play(scenario, root)


def test_exposures_refer_to_their_decision(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        decided = await client.post("/v1/decide", json={"placements": ["home_hero"], "identifiers": ANN})
        ids.append(decided.json()["decisions"][0]["personalization_id"])
        exposure = {"personalization_id": ids[0], "placement": "home_hero", "identifiers": ANN}
        response = await client.post("/v1/exposures", json={"exposures": [exposure]})
        assert (response.status_code, response.json()) == (202, {"accepted": 1, "event_ids": [f"x{ids[0]}"]})

    ids: list[str] = []
    play(scenario, root)
    assert [line["personalization_id"] for line in logged(root, "exposures")] == ids


def test_lookup_tells_consent_alone_without_consent(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        async def look(who: str) -> Any:
            body = {"identifiers": [{"type": "loyalty_id", "value": who}]}
            return (await client.post("/v1/profiles/lookup", json=body)).json()

        ann = await look("ann")
        assert (ann["customer_id"], ann["segment_name"]) == ("ann", "Fresh")
        assert ann["recommendations"] == {"buy_again": ["p1", "p5", "p6"]}
        denied = dict.fromkeys((*MARKETING, "personalization", "profiling_price"), False)
        assert await look("cleo") == {
            "found": True, "snapshot_version": "v1", "customer_id": "cleo", "consent": denied,
        }  # fmt: skip
        assert await look("nobody") == {"found": False, "snapshot_version": "v1"}

    play(scenario, root)


def test_the_kill_switch_takes_effect_and_survives_an_unreadable_store(root: Path) -> None:
    paused: frozenset[str] = frozenset()

    def scopes() -> frozenset[str]:
        if "broken" in paused:
            raise OSError("unreadable")
        return paused

    async def scenario(client: httpx.AsyncClient) -> None:
        nonlocal paused

        async def rung() -> str:
            response = await client.post("/v1/decide", json={"placements": ["home_hero"], "identifiers": ANN})
            return str(response.json()["decisions"][0]["rung"])

        async def comes(wanted: str) -> bool:
            return await rung() == wanted

        assert await rung() == "segment"
        paused = frozenset({"all"})
        await until(lambda: comes("paused"))
        paused = frozenset({"broken"})
        assert (await client.post("/v1/admin/reload")).status_code == 200
        assert await rung() == "paused"
        paused = frozenset()
        await until(lambda: comes("segment"))

    play(scenario, root, paused_scopes=scopes)


def test_before_the_first_snapshot_the_service_is_healthy_but_not_ready(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["problem"]) == (503, "no snapshot has been published")
        assert (await client.post("/v1/decide", json={"placements": ["home_hero"]})).status_code == 503
        assert (await client.post("/v1/events", json={"events": [{"event_type": "page_viewed"}]})).status_code == 202
        sample.write(tmp_path / "snapshots", "v1")
        pointer.switch(tmp_path / "snapshots", "v1")

        async def is_ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        await until(is_ready)
        assert (await client.get("/readyz")).json()["snapshot_version"] == "v1"

    play(scenario, tmp_path)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": SECRET}, 401),
        ({"authorization": f"Basic {SECRET}"}, 401),
        ({"authorization": f"Bearer {SECRET}x"}, 401),
        ({"authorization": f"Bearer {SECRET}"}, 200),
        ({"authorization": f"bearer {SECRET}"}, 200),
    ],
)
def test_the_key_guards_all_but_health(root: Path, headers: dict[str, str], status: int) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/decide", json={"placements": ["home_hero"]}, headers=headers)
        assert response.status_code == status
        assert SECRET not in response.text
        assert (await client.get("/openapi.json", headers=headers)).status_code == status
        assert (await client.get("/healthz")).status_code == 200

    play(scenario, root, api_key=SECRET)


def test_a_crash_says_nothing_of_its_cause(root: Path) -> None:
    def leaking(kind: str, value: str) -> str:
        raise RuntimeError(f"secret {value}")

    async def scenario(client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/decide", json={"placements": ["home_hero"], "identifiers": ANN})
        assert response.status_code == 500
        assert response.json()["error"]["code"] == "internal"
        assert "secret" not in response.text
        assert "ann" not in json.dumps(response.json())

    play(scenario, root, hash_identifier=leaking)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/decide", 405), ("GET", "/nowhere", 404), ("POST", "/v1/decide/", 404)]
)
def test_other_paths_and_methods(root: Path, method: str, path: str, status: int) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        response = await client.request(method, path)
        assert response.status_code == status
        assert "error" in response.json()

    play(scenario, root)
