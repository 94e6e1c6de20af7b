"""Batches, answers for caches, deadlines, features and the admin's endpoints, over HTTP."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from intake.ops_store import OpsStore
from intake.paths import DataPaths
from serving.http.openapi import openapi_document
from serving.log.stream import LogStream
from serving.losses import CAUSE
from serving.rungs import Rung
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, logged, running, until
from tests.serving.test_access import HERO, Scenario

PEOPLE = ("ann", "bob", "cleo", "dan", "eve", "finn", "nobody")
HEADER = "X-Concierge-Deadline-Ms"


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


def of(name: str) -> list[dict[str, str]]:
    return [{"type": "loyalty_id", "value": name}]


def test_a_batch_decides_as_single_questions_do(root: Path) -> None:
    placements = ["home_hero", "weekly_email_offer", "checkout_incentive"]
    people = [{"identifiers": of(name), "request_id": f"r-{name}"} for name in PEOPLE * 8]

    async def scenario(client: httpx.AsyncClient) -> None:
        body = {"people": people, "placements": placements, "context": {"channel": "email"}}
        answer = await client.post("/v1/decide/batch", json=body)
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["index"] for line in lines] == list(range(len(people)))
        for person, line in zip(people[:7], lines, strict=False):
            single = person | {"placements": placements, "context": {"channel": "email"}}
            assert line["decisions"] == (await client.post("/v1/decide", json=single)).json()["decisions"]
        own = {"people": [{"context": {"hour": 99}}], "placements": ["home_hero"]}
        refused = await client.post("/v1/decide/batch", json=own)
        assert (refused.status_code, refused.json()["error"]["field"]) == (422, "people[0].context.hour")

    play(scenario, root)
    assert len(logged(root, "decisions")) == len(people) * 3 + 7 * 3


def test_one_person_who_fails_does_not_take_the_batch_along(root: Path) -> None:
    def failing(kind: str, value: str) -> str:
        if value == "secret":
            raise RuntimeError("secret")
        return sample.value_hash(kind, value)

    async def scenario(client: httpx.AsyncClient) -> None:
        people = [{"identifiers": of(name)} for name in ("ann",) * 100 + ("secret",)]
        answer = await client.post("/v1/decide/batch", json={"people": people, "placements": ["home_hero"]})
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert ["error" in line for line in lines] == [False] * 100 + [True]
        assert "secret" not in answer.text

    play(scenario, root, hash_identifier=failing)


@pytest.mark.parametrize("segment", ["plain", "0"])
def test_caches_hold_an_answer_until_something_changes(root: Path, segment: str) -> None:
    path = f"/v1/placements/home_hero/{segment}"
    paused: frozenset[str] = frozenset()

    async def scenario(client: httpx.AsyncClient) -> None:
        nonlocal paused
        first = await client.get(path)
        # What a pause would change is held for a tick (2 s), the plain answer for as long as the settings say.
        seconds = 7 if segment == "plain" else 2
        assert first.headers["cache-control"] == f"public, max-age={seconds}, must-revalidate"
        document = openapi_document()
        jsonschema.validate(
            first.json(), {"$ref": "#/components/schemas/SegmentAnswer", "components": document["components"]}
        )
        tag = first.headers["etag"]
        for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = await client.get(path, headers={"if-none-match": given})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        sample.write(root / "snapshots", "v2")
        pointer.switch(root / "snapshots", "v2")
        switched = await changed(client, path, tag)
        assert switched.json()["snapshot_version"] == "v2"
        paused = frozenset({"home_hero"})
        stopped = await changed(client, path, switched.headers["etag"])
        assert stopped.json()["rung"] == "paused"
        assert stopped.headers["cache-control"] == "public, max-age=2, must-revalidate"

    play(scenario, root, cache_seconds=7, paused_scopes=lambda: paused)
    assert len(logged(root, "decisions")) == 3


async def changed(client: httpx.AsyncClient, path: str, tag: str) -> httpx.Response:
    """The answer once it is another than the one that is held."""
    answers: list[httpx.Response] = []

    async def holds() -> bool:
        answers.append(await client.get(path, headers={"if-none-match": tag}))
        return answers[-1].status_code != 304

    await until(holds)
    assert answers[-1].status_code == 200
    return answers[-1]


def test_what_everybody_sees_is_the_best_known_and_names_nobody(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        seen = {
            (placement, segment): (await client.get(f"/v1/placements/{placement}/{segment}")).json()
            for placement in ("home_hero", "weekly_email_offer") for segment in ("popular", "0", "1", "plain")
        }  # fmt: skip
        assert [seen["home_hero", s]["action"] for s in ("0", "1", "popular")] == [
            "produce", "grocery_staples", "grocery_staples",
        ]  # fmt: skip
        assert seen["weekly_email_offer", "0"]["rung"] == "no_consent"
        assert seen["home_hero", "plain"]["rung"] == "plain"
        for path, field in (("/v1/placements/home_hero/8", "segment"), ("/v1/placements/nowhere/plain", "placement"),
                            ("/v1/placements/home_hero/0x1", "segment")):  # fmt: skip
            refused = await client.get(path)
            assert (refused.status_code, refused.json()["error"]["field"]) == (404, field)
        for query in ("email=a", "device_type=a&device_type=b", "device_type=", f"channel={'x' * 300}"):
            assert (await client.get(f"/v1/placements/home_hero/popular?{query}")).status_code == 422
        one = await client.post("/v1/decide", json=HERO)
        assert one.headers["cache-control"] == "no-store"

    play(scenario, root)


def test_past_the_deadline_the_prepared_answer_is_given_and_counted(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        both = HERO | {"placements": ["home_hero", "checkout_incentive"]}
        for body, headers in ((both | {"deadline_ms": 0}, {}), (both, {HEADER: "0"})):
            answer = await client.post("/v1/decide", json=body, headers=headers)
            assert answer.status_code == 200
            assert {decision["rung"] for decision in answer.json()["decisions"]} == {Rung.LATE}
            assert {decision["propensity"] for decision in answer.json()["decisions"]} == {1.0}
        in_time = await client.post("/v1/decide", json=both | {"deadline_ms": 60_000}, headers={HEADER: "0"})
        assert Rung.LATE not in {decision["rung"] for decision in in_time.json()["decisions"]}
        for wrong in ("soon", "-1", "nan", "60001"):
            refused = await client.post("/v1/decide", json=HERO, headers={HEADER: wrong})
            assert (refused.status_code, refused.json()["error"]["field"]) == (422, HEADER)
        metrics = (await client.get("/metrics")).text
        assert 'concierge_late_total{placement="home_hero",cause="deadline",worker="w"} 2' in metrics

    play(scenario, root)
    late = [line for line in logged(root, "decisions") if line["properties"]["rung"] == "late"]
    assert len(late) == 4
    assert all(line["identifiers"] == [] for line in late)


def test_what_is_prepared_lowers_no_price_and_heeds_the_kill_switch(root: Path) -> None:
    rows = [row for row in sample.decision_rows() if row.placement != "checkout_incentive"]
    best = [type(rows[0])("checkout_incentive", -1, "any", "ten_percent_off", 9.0, "test", 1_000)]
    sample.write(root / "snapshots", "v2", decision_rows=rows + best)
    pointer.switch(root / "snapshots", "v2")
    ask = {"placements": ["checkout_incentive"], "deadline_ms": 0}

    async def told(client: httpx.AsyncClient) -> tuple[str, str]:
        (decision,) = (await client.post("/v1/decide", json=ask)).json()["decisions"]
        return decision["action"], decision["rung"]

    async def scenario(client: httpx.AsyncClient) -> None:
        assert await told(client) == ("none", "late")

    async def stopped(client: httpx.AsyncClient) -> None:
        assert await told(client) == ("none", "paused")

    play(scenario, root)
    play(stopped, root, paused_scopes=lambda: frozenset({"all"}), worker="w2")


def test_features_are_those_of_the_batch_and_need_consent(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        async def told(name: str, **more: Any) -> Any:
            return (await client.post("/v1/features", json={"identifiers": of(name)} | more)).json()

        ann = await told("ann")
        assert ann["features"] == {"recency_days": 3, "orders_91d": 4, "top_category": "GROCERY"}
        assert (await told("ann", features=["orders_91d"]))["features"] == {"orders_91d": 4}
        cleo = await told("cleo")
        assert (cleo["found"], cleo["consented"], cleo["features"]) == (True, False, {})
        assert (await told("nobody"))["found"] is False
        wrong = await told("ann", features=["orders_91d", "gender"])
        assert (wrong["error"]["code"], wrong["error"]["field"]) == ("unknown_feature", "features[1]")

    play(scenario, root)


def test_pauses_over_http(root: Path) -> None:
    store = OpsStore(DataPaths(root))

    async def scenario(client: httpx.AsyncClient) -> None:
        async def rung() -> str:
            return str((await client.post("/v1/decide", json=HERO)).json()["decisions"][0]["rung"])

        wrong = await client.post("/v1/admin/pause", json={"scope": "nowhere"})
        assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "scope")
        made = await client.post("/v1/admin/pause", json={"scope": "all", "reason": "wrong prices"})
        assert [(p["scope"], p["reason"], p["actor"]) for p in made.json()["paused"]] == [
            ("all", "wrong prices", "key:nobody")
        ]
        assert await rung() == "paused"
        assert (await client.post("/v1/admin/resume", json={"scope": "all"})).json() == {"paused": [], "heeded": []}
        assert await rung() == "segment"
        assert (await client.post("/v1/admin/resume", json={"scope": "all"})).status_code == 404
        reloaded = await client.post("/v1/admin/reload")
        assert reloaded.json() == {"snapshot_version": "v1", "problem": None, "paused": []}

    play(scenario, root, ops=store, paused_scopes=lambda: frozenset(pause.scope for pause in store.pauses()))


def test_lost_decisions_open_an_alert_and_decisions_go_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = OpsStore(DataPaths(root))
    monkeypatch.setattr(LogStream, "offer", losing)

    async def scenario(client: httpx.AsyncClient) -> None:
        for _ in range(3):
            assert (await client.post("/v1/decide", json=HERO)).status_code == 200
        assert (await client.get("/readyz")).json()["decisions_lost"] == 3

        async def is_told() -> bool:
            return bool(store.list_alerts())

        await until(is_told)

    play(scenario, root, ops=store)
    (alert,) = store.list_alerts()
    assert (alert.cause.startswith(CAUSE), alert.severity) == (True, "critical")
    assert "not in the log" in alert.title


def losing(stream: LogStream, line: bytes) -> bool:
    stream.lost += 1
    return False


def test_every_answer_carries_the_headers_of_security(root: Path) -> None:
    def leaking(kind: str, value: str) -> str:
        raise RuntimeError(f"secret {value}")

    async def scenario(client: httpx.AsyncClient) -> None:
        for path, body in (("/v1/decide", HERO), ("/v1/decide", {}), ("/nowhere", {}), ("/v1/features", HERO)):
            answer = await client.post(path, json=body)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "secret" not in answer.text
        assert "style-src" in (await client.get("/docs")).headers["content-security-policy"]

    play(scenario, root, hash_identifier=leaking)


def test_a_crash_leaves_nothing_of_what_was_asked_in_the_log(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    def leaking(kind: str, value: str) -> str:
        raise RuntimeError(f"no hash for {value}")

    async def scenario(client: httpx.AsyncClient) -> None:
        body = {"placements": ["home_hero"], "identifiers": [{"type": "email", "value": "joe@example.net"}]}
        assert (await client.post("/v1/decide", json=body)).status_code == 500

    play(scenario, root, hash_identifier=leaking)
    assert "/v1/decide failed with RuntimeError at" in caplog.text
    assert "joe@" not in caplog.text
