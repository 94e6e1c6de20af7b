"""A real service pauses itself: evidence goes in over HTTP or through the clock, and the answers come over HTTP."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.pause_records import Look, arm_scope
from intake.pause_rules import rule_of
from intake.settings_pausing import CAUSES, PausingSettings
from serving.app import create_app
from serving.decide import decide_for
from serving.pausing.watch import USUAL_CONVERSIONS, USUAL_EXPOSURES
from serving.service import Service
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, running, until

ANN = [{"type": "loyalty_id", "value": "ann"}]
HERO = {"placements": ["home_hero"], "identifiers": ANN, "request_id": "r"}
TICK = 0.1
Scenario = Callable[[httpx.AsyncClient], Awaitable[None]]
Looked = Callable[[], Awaitable[None]]


class Hands:
    """A clock that ticks, and that a test moves on."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._began = time.monotonic()
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._began) + self.offset


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    return tmp_path


def settings(**changes: Any) -> PausingSettings:
    parts: dict[str, Any] = {"tick_seconds": TICK, "snapshot_hours": None, "decision_p99_ms": None}
    return PausingSettings(**(parts | changes))


def play(root: Path, scenario: Scenario, pausing: PausingSettings, **changes: Any) -> OpsStore:
    store = OpsStore(DataPaths(root))

    def scopes() -> frozenset[str]:
        return frozenset(pause.scope for pause in store.pauses())

    parts: dict[str, Any] = {"ops": store, "paused_scopes": scopes, "pausing": pausing, "poll_seconds": 0.05}

    async def run() -> None:
        async with running(config(root, **(parts | changes))) as client:
            await scenario(client)

    asyncio.run(run())
    return store


async def rung(client: httpx.AsyncClient, **body: Any) -> str:
    answer = await client.post("/v1/decide", json=HERO | body)
    return str(answer.json()["decisions"][0]["rung"])


async def comes_to(client: httpx.AsyncClient, wanted: str) -> None:
    async def holds() -> bool:
        return await rung(client) == wanted

    await until(holds)


async def says(client: httpx.AsyncClient, problem: str | None) -> None:
    async def holds() -> bool:
        return bool((await client.get("/readyz")).json()["pauses_problem"] == problem)

    await until(holds)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Looked:
    """Waits until a service has looked at itself from now on, however long it takes."""
    looks: list[None] = []
    watch = Service.watch

    def counted(service: Service) -> None:
        watch(service)
        looks.append(None)

    async def looked() -> None:
        # The first may have begun before.
        wanted = len(looks) + 2

        async def holds() -> bool:
            return len(looks) >= wanted

        await until(holds)

    monkeypatch.setattr(Service, "watch", counted)
    return looked


def test_a_snapshot_that_grows_old_pauses_everything_and_a_fresh_one_resumes_as_configured(root: Path) -> None:
    clock = Hands(sample.NOW)
    rules = settings(
        snapshot_hours=48, resume={"stale_snapshot": "automatic"}, healthy_looks={"stale_snapshot": 3}
    )  # fmt: skip

    async def scenario(client: httpx.AsyncClient) -> None:
        assert await rung(client) == "segment"
        clock.offset = timedelta(hours=49)
        await comes_to(client, "paused")
        # Every way to an answer gives the plain one.
        batch = await client.post(
            "/v1/decide/batch", json={"people": [{"identifiers": ANN}], "placements": ["home_hero"]}
        )
        assert batch.json()["decisions"][0]["rung"] == "paused"
        cached = await client.get("/v1/placements/home_hero/0")
        assert (cached.json()["rung"], cached.headers["cache-control"]) == (
            "paused",
            "public, max-age=0, must-revalidate",
        )
        assert await rung(client, deadline_ms=0) == "paused"
        told = (await client.get("/v1/admin/pauses")).json()
        assert [(one["scope"], one["cause"], one["evidence"]["bound"]) for one in told["paused"]] == [
            ("all", "stale_snapshot", 48.0)
        ]
        assert told["paused"][0]["lifted_by"].startswith("by itself after 3 healthy looks")
        clock.offset = timedelta(hours=1)
        await comes_to(client, "segment")

    store = play(root, scenario, rules, clock=clock)
    assert [(event.kind, event.cause) for event in store.pause_events()] == [
        ("pause", "stale_snapshot"),
        ("resume", "stale_snapshot"),
    ]
    (alert,) = store.list_alerts()
    assert (alert.cause, alert.state, alert.severity, alert.count) == (
        "pause:all:stale_snapshot", "resolved", "critical", 1,
    )  # fmt: skip
    assert "resumed by service:w" in store.alert_notes(alert.alert_id)[-1].note


def test_a_placement_whose_decisions_fail_is_paused_and_the_others_go_on(
    root: Path, looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(live: Any, person: Any, question: Any, *rest: Any) -> Any:
        if question.placement == "home_hero" and not question.paused & {"home_hero", "all"}:
            raise RuntimeError("a rule that nobody can ask")
        return decide_for(live, person, question, *rest)

    monkeypatch.setattr("serving.http.deciding.decide_for", broken)

    async def scenario(client: httpx.AsyncClient) -> None:
        # No more than the least, or a look in between would answer the last.
        assert [(await client.post("/v1/decide", json=HERO)).status_code for _ in range(5)] == [500] * 5
        await looked()
        assert await rung(client) == "paused"
        assert await rung(client, placements=["checkout_incentive"]) != "paused"

    store = play(root, scenario, settings(errors_above=0.02, least_errors=5))
    (pause,) = store.pauses()
    assert (pause.scope, pause.cause, pause.evidence["errors"]) == ("home_hero", "error_rate", 5)
    assert pause.actor == "service:w"


def test_slow_decisions_pause_their_placement(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for _ in range(9):
            assert await rung(client) == "segment"
        await comes_to(client, "paused")

    # Nothing here is answered within a hundredth of a microsecond, so the bound is what makes it slow.
    store = play(root, scenario, settings(decision_p99_ms=1e-5, least_decisions=10))
    causes = {(pause.scope, pause.cause) for pause in store.pauses()}
    assert ("home_hero", "decision_p99") in causes


def test_no_order_where_twenty_were_due_pauses_and_one_order_in_time_does_not(root: Path, looked: Looked) -> None:
    clock, store = Hands(sample.NOW), OpsStore(DataPaths(root))
    store.record_metric(sample.NOW.date(), USUAL_EXPOSURES, 1_000, at=sample.NOW)
    store.record_metric(sample.NOW.date(), USUAL_CONVERSIONS, 500, at=sample.NOW)

    def shown(count: int, prefix: str) -> dict[str, Any]:
        ids = [f"{number:031x}{prefix}" for number in range(count)]
        return {"exposures": [{"personalization_id": one, "placement": "home_hero"} for one in ids]}

    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.post("/v1/exposures", json=shown(42, "a"))).status_code == 202
        order = {"event_type": "order_completed", "order_id": "o1", "amount": 5.0, "identifiers": ANN}
        assert (await client.post("/v1/events", json={"events": [order]})).status_code == 202
        await looked()
        clock.offset = timedelta(hours=2)
        await looked()
        assert await rung(client) == "segment"
        assert (await client.post("/v1/exposures", json=shown(42, "b"))).status_code == 202
        await looked()
        # So young an exposure need not have brought anything yet.
        assert await rung(client) == "segment"
        clock.offset = timedelta(hours=3, minutes=2)
        await looked()
        assert await rung(client) == "segment"
        clock.offset = timedelta(hours=4, minutes=4)
        await comes_to(client, "paused")

    play(root, scenario, settings(), clock=clock)
    (pause,) = store.pauses()
    assert (pause.scope, pause.cause, pause.evidence["due"]) == ("all", "zero_conversions", 21.0)
    assert pause.evidence["chance"] == pytest.approx((1_000 / 1_042) ** 500)


def test_a_pause_by_hand_outlives_healthy_looks_and_grace_follows_a_resumption(root: Path, looked: Looked) -> None:
    clock = Hands(sample.NOW)

    async def scenario(client: httpx.AsyncClient) -> None:
        await client.post("/v1/admin/pause", json={"scope": "all", "reason": "wrong prices"})
        await looked()
        assert await rung(client) == "paused"
        clock.offset = timedelta(hours=49)

        async def causes() -> list[str]:
            return [one["cause"] for one in (await client.get("/v1/admin/pauses")).json()["paused"]]

        async def is_paused_twice() -> bool:
            return len(await causes()) == 2

        await until(is_paused_twice)
        assert await causes() == ["by_hand", "stale_snapshot"]
        lifted = await client.post(
            "/v1/admin/resume", json={"scope": "all", "cause": "stale_snapshot", "reason": "I know"}
        )
        assert [one["cause"] for one in lifted.json()["paused"]] == ["by_hand"]
        assert (await client.post("/v1/admin/resume", json={"scope": "all", "cause": "drift"})).status_code == 404
        await client.post("/v1/admin/resume", json={"scope": "all"})
        await looked()
        assert await rung(client) == "segment"
        clock.offset = timedelta(hours=49 + 25)
        await comes_to(client, "paused")

    rules = settings(snapshot_hours=48, resume={"stale_snapshot": "automatic"}, grace_hours=24)
    store = play(root, scenario, rules, clock=clock)
    steps = [(event.kind, event.cause) for event in store.pause_events()]
    assert steps == [
        ("pause", "by_hand"), ("pause", "stale_snapshot"), ("resume", "stale_snapshot"), ("resume", "by_hand"),
        ("pause", "stale_snapshot"),
    ]  # fmt: skip
    assert len({alert.alert_id for alert in store.list_alerts()}) == 2


def test_what_another_process_pauses_is_in_force_within_a_tick_and_after_a_restart(root: Path) -> None:
    rules = settings()
    look = Look("home_hero", "drift", "breach", "scores drifted", {}, ("drift:scores",))

    async def scenario(client: httpx.AsyncClient) -> None:
        before = (await client.post("/v1/decide", json=HERO)).json()["decisions"][0]
        OpsStore(DataPaths(root)).record_looks([look], {c: rule_of(rules, c) for c in CAUSES}, sample.NOW, actor="run")
        await comes_to(client, "paused")
        after = (await client.post("/v1/decide", json=HERO)).json()["decisions"][0]
        assert (before["rung"], after["rung"], after["propensity"]) == ("segment", "paused", 1.0)
        # The same question again: another answer, so what it showed must not count for the first.
        assert before["personalization_id"] != after["personalization_id"]

    async def restarted(client: httpx.AsyncClient) -> None:
        assert await rung(client) == "paused"

    play(root, scenario, rules)
    play(root, restarted, rules)


def test_two_workers_pause_once_and_both_heed_it(root: Path) -> None:
    clock, store = Hands(sample.NOW), OpsStore(DataPaths(root))

    def parts(name: str) -> dict[str, Any]:
        return {
            "ops": OpsStore(DataPaths(root)), "clock": clock, "worker": name, "poll_seconds": 0.05,
            "paused_scopes": lambda: frozenset(pause.scope for pause in store.pauses()),
            "pausing": settings(snapshot_hours=48),
        }  # fmt: skip

    async def run() -> None:
        async with running(config(root, **parts("one"))) as one, running(config(root, **parts("two"))) as two:
            clock.offset = timedelta(hours=49)
            await comes_to(one, "paused")
            await comes_to(two, "paused")

    asyncio.run(run())
    assert len(store.pause_events()) == 1
    assert [alert.count for alert in store.list_alerts()] == [1]


def test_a_locked_database_delays_no_pause_and_gets_it_afterwards(root: Path, looked: Looked) -> None:
    clock, store = Hands(sample.NOW), OpsStore(DataPaths(root))
    assert store.pauses() == []

    async def scenario(client: httpx.AsyncClient) -> None:
        await looked()
        with closing(sqlite3.connect(root / "ops.sqlite", isolation_level=None)) as other:
            other.execute("begin immediate")
            clock.offset = timedelta(hours=49)
            await comes_to(client, "paused")
            await says(client, "pauses cannot be written")
            assert store.pause_events() == []
            other.execute("rollback")
        await says(client, None)
        assert await rung(client) == "paused"

    play(root, scenario, settings(snapshot_hours=48), clock=clock)
    assert [(event.kind, event.cause) for event in store.pause_events()] == [("pause", "stale_snapshot")]


def test_who_has_never_read_the_pauses_gives_everybody_the_plain_variant(root: Path) -> None:
    is_broken = True

    def scopes() -> frozenset[str]:
        if is_broken:
            raise sqlite3.DatabaseError("file is not a database")
        return frozenset()

    async def scenario(client: httpx.AsyncClient) -> None:
        nonlocal is_broken
        assert await rung(client) == "paused"
        assert (await client.get("/readyz")).json()["paused"] == ["all"]
        is_broken = False
        await comes_to(client, "segment")

    play(root, scenario, settings(), paused_scopes=scopes)


def test_an_arm_is_paused_by_its_scope(root: Path) -> None:
    scope = arm_scope("banner", 2, "last/chance")

    async def scenario(client: httpx.AsyncClient) -> None:
        wrong = await client.post("/v1/admin/pause", json={"scope": "arm:banner/two/x"})
        assert wrong.status_code == 422
        assert (await client.post("/v1/admin/pause", json={"scope": scope})).json()["heeded"] == [scope]
        assert await rung(client) == "segment"

    store = play(root, scenario, settings())
    assert store.paused_arms() == {("banner", 2, "last/chance")}
    rows = store.rows("select experiment, version, kind, share from experiment_event")
    assert [tuple(row) for row in rows] == [("banner", 2, "arm", None)]


def test_without_settings_of_a_project_nothing_is_watched(root: Path) -> None:
    assert not create_app(config(root)).state.service.config.pausing.enabled
