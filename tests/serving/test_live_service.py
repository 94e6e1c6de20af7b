"""Events and words of consent that the next decision sees, on another worker too, after a crash and without room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from intake.clock import FixedClock
from intake.contract import load_contract
from intake.event import load_event_types
from intake.identifiers import Hasher
from intake.live_mapping import LiveMapping
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.user_token import mint_token
from serving.overlay.by_hand import tell, word_by_hand
from serving.policy import Policy, Rule
from serving.snapshot import pointer
from serving.snapshot.records import ProfileRecord
from tests.serving import sample
from tests.serving.service_client import config, logged, running

ANN = [{"type": "loyalty_id", "value": "ann"}]
COOKIE = [{"type": "cookie", "value": "k1"}]
STRANGER = [{"type": "cookie", "value": "nobody-knows"}]
SECRET = b"s" * 32
RULE = Rule(
    name="abandoned", effect="force", when="session_page_views >= 2 && moment_score > 0.1", reason="You looked twice.",
    placements=["home_hero"], actions=["deli"],
)  # fmt: skip
Clients = Callable[[httpx.AsyncClient, httpx.AsyncClient], Awaitable[None]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    policy = Policy(name="live", version=1, description="d", owner="o", rules=[RULE])
    sample.write(tmp_path / "snapshots", "v1", policies=[policy])
    pointer.switch(tmp_path / "snapshots", "v1")
    return tmp_path


def play(root: Path, scenario: Clients, **changes: Any) -> None:
    """Two workers of one machine; events are posted to the first, decisions asked of the second."""
    changes = {"overlay": root / "runtime", "overlay_megabytes": 16, "user_token_secret": SECRET} | changes

    async def run() -> None:
        async with (
            running(config(root, worker="one", **changes)) as first,
            running(config(root, worker="two", **changes)) as second,
        ):
            await scenario(first, second)

    asyncio.run(run())


async def view(client: httpx.AsyncClient, who: list[dict[str, str]], n: int = 1, **more: Any) -> dict[str, Any]:
    events = [{"event_type": "page_viewed", "page_type": "home", "identifiers": who, **more} for _ in range(n)]
    events = [event | {"event_id": f"{who[0]['value']}-{i}-{more}"} for i, event in enumerate(events)]
    response = await client.post("/v1/events", json={"events": events})
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    return body


async def decide(client: httpx.AsyncClient, who: list[dict[str, str]]) -> dict[str, Any]:
    response = await client.post("/v1/decide", json={"placements": ["home_hero"], "identifiers": who})
    answer: dict[str, Any] = response.json()["decisions"][0]
    return answer


async def consent(client: httpx.AsyncClient, who: list[dict[str, str]], granted: bool, **more: Any) -> httpx.Response:
    purpose = more.pop("purpose", "personalization")
    body = {"identifiers": who, "purpose": purpose, "granted": granted, **more}
    return await client.post("/v1/consent", json=body)


def token_of(*pairs: tuple[str, str]) -> str:
    return mint_token(SECRET, pairs, sample.NOW, timedelta(hours=1))


def test_the_next_decision_of_another_worker_sees_the_last_event(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        for who in (COOKIE, STRANGER):
            await view(first, who)
            assert (await decide(second, who))["rung"] != "rule"
            await view(first, who, n=2)
            assert (await decide(second, who))["reason"] == "You looked twice."
        # The cookie is ann's, so her other identifiers lead to the visit too.
        assert (await decide(second, ANN))["rung"] == "rule"

    play(root, scenario)
    told = [line["properties"].get("session") for line in logged(root, "decisions")]
    # Beside it stand the features that the shipped placements ask for.
    assert (told[0]["session_page_views"], told[0]["moment_score"]) == (1, pytest.approx(0.138))
    assert told[1]["session_page_views"] == 2


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = sample.NOW

    def now(self) -> datetime:
        return self.at


def test_a_word_counts_though_the_clock_was_set_back_before_it(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        token = token_of(("loyalty_id", "ann"))
        for step, granted in ((0, False), (60, True), (-30, False), (-20, True), (-10, False)):
            clock.at += timedelta(seconds=step)
            if step == -20:
                said = {"event_type": "consent_updated", "identifiers": ANN, "user_token": token}
                said["properties"] = {"purpose": "personalization", "granted": granted}
                answer = await first.post("/v1/events", json={"events": [said]})
            else:
                answer = await consent(first, ANN, granted, user_token=token)
            assert answer.status_code == 202
            assert ((await decide(second, ANN))["rung"] != "no_consent") is granted

    clock = Hands()
    play(root, scenario, clock=clock)
    # The batch orders words by their moments too.
    said = [datetime.fromisoformat(line["occurred_at"]) for line in logged(root, "consents")]
    assert said == sorted(set(said))
    assert len(said) == 5


def test_without_events_a_decision_is_what_it_was(root: Path) -> None:
    async def scenario(_: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        answers.append(await decide(second, ANN))

    answers: list[dict[str, Any]] = []
    play(root, scenario)
    play(root, scenario, overlay=None)
    ids = [answer.pop("personalization_id") for answer in answers]
    assert answers[0] == answers[1]
    assert len(ids) == 2
    assert all("session" not in line["properties"] for line in logged(root, "decisions"))


def test_a_service_that_starts_alone_fills_its_overlay_from_the_log(root: Path) -> None:
    async def before(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        await view(first, STRANGER, n=2)
        assert (await consent(second, ANN, granted=False)).status_code == 202

    async def after(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert (await decide(first, STRANGER))["rung"] == "rule"
        assert (await decide(second, ANN))["rung"] == "no_consent"

    play(root, before)
    play(root, after)
    later = FixedClock(sample.NOW + timedelta(minutes=31))

    async def much_later(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert (await decide(first, STRANGER))["rung"] != "rule"
        assert (await decide(second, ANN))["rung"] == "no_consent"

    play(root, much_later, clock=later)


def test_a_refusal_holds_at_once_on_every_worker_and_for_every_identifier(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert (await decide(second, ANN))["rung"] == "segment"
        response = await consent(first, COOKIE, granted=False)
        assert response.status_code == 202
        assert response.json()["accepted"] == 1
        for who in (ANN, COOKIE):
            assert (await decide(second, who))["rung"] == "no_consent"
        looked_up = (await second.post("/v1/profiles/lookup", json={"identifiers": ANN})).json()
        assert looked_up["consent"]["personalization"] is False
        assert "features" not in looked_up
        await view(first, STRANGER, n=2)
        await consent(first, STRANGER, granted=False)
        assert (await decide(second, STRANGER))["rung"] != "rule"

    play(root, scenario)
    (line, _) = logged(root, "consents")
    assert line["event_type"] == "consent_updated"
    assert line["properties"] == {"purpose": "personalization", "granted": False}
    assert line["identifiers"] == [{"type": "cookie", "value": sample.value_hash("cookie", "k1")}]


def test_a_yes_needs_the_shop_s_word_and_does_not_outvote_an_older_refusal_of_another_identifier(root: Path) -> None:
    profiles = {profile.customer_id: profile for profile in sample.profiles()}
    profiles["ann"] = ProfileRecord("ann", 0, "Fresh")
    profiles["bob"] = ProfileRecord("bob", 0, "Fresh", refusals={"personalization": [(77, 1)]})
    sample.write(root / "snapshots", "v2", profiles=list(profiles.values()))
    pointer.switch(root / "snapshots", "v2")
    bob = [{"type": "loyalty_id", "value": "bob"}]

    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        await consent(first, ANN, granted=True)
        assert (await decide(second, ANN))["rung"] == "no_consent"
        for who in ("ann", "bob"):
            token = token_of(("loyalty_id", who))
            response = await consent(first, [{"type": "loyalty_id", "value": who}], granted=True, user_token=token)
            assert response.status_code == 202
        assert (await decide(second, ANN))["rung"] == "segment"
        assert (await decide(second, bob))["rung"] == "no_consent"
        await consent(first, ANN, granted=False, occurred_at=(sample.NOW - timedelta(days=1)).isoformat())
        assert (await decide(second, ANN))["rung"] == "segment"
        await consent(first, ANN, granted=False)
        assert (await decide(second, ANN))["rung"] == "no_consent"

    play(root, scenario)
    assert [line["properties"].get("identity_verified") for line in logged(root, "consents")][:2] == [None, True]


def test_events_after_a_refusal_of_analytics_are_acknowledged_as_suppressed_and_not_stored(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        await consent(first, ANN, granted=False, purpose="analytics")
        order = {"event_type": "order_completed", "order_id": "1", "amount": 5.0, "event_id": "order"}
        early = {"event_type": "page_viewed", "event_id": "early", "occurred_at": "2018-01-02T15:00:00Z"}
        late = {"event_type": "page_viewed", "event_id": "late"}
        foreign = {"event_type": "page_viewed", "event_id": "foreign", "identifiers": STRANGER}
        mine = [event | {"identifiers": COOKIE} for event in (order, early, late)]
        body = (await second.post("/v1/events", json={"events": [*mine, foreign]})).json()
        assert body == {"accepted": 3, "event_ids": ["order", "early", "foreign"], "suppressed": ["late"]}
        readiness = (await second.get("/readyz")).json()["overlay"]
        assert readiness["events_suppressed"] == 1

    play(root, scenario)
    assert {line["event_id"] for line in logged(root, "events")} == {"order", "early", "foreign"}


def test_consent_among_posted_events_holds_at_once(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        properties = {"purpose": "personalization", "granted": False}
        await view(first, COOKIE, event_type="consent_updated", properties=properties)
        assert (await decide(second, ANN))["rung"] == "no_consent"

    play(root, scenario)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"purpose": "everything"}, 422, "purpose"),
        ({"granted": "no"}, 422, "granted"),
        ({"identifiers": []}, 422, "identifiers"),
        ({"identifiers": [{"type": "cookie", "value": "placeholder"}]}, 422, "identifiers"),
        ({"identifiers": [{"type": "ip", "value": "9.9.9.9"}]}, 422, "identifiers"),
        ({"occurred_at": "2031-01-01T00:00:00Z"}, 422, "occurred_at"),
        ({"user_token": "forged"}, 422, "events[0].user_token"),
    ],
)
def test_a_wrong_word_is_refused_with_its_field(root: Path, change: dict[str, Any], status: int, field: str) -> None:
    async def scenario(first: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
        body = {"identifiers": ANN, "purpose": "analytics", "granted": True} | change
        response = await first.post("/v1/consent", json=body)
        assert (response.status_code, response.json()["error"]["field"]) == (status, field)

    play(root, scenario)
    assert logged(root, "consents") == []


def test_without_an_overlay_events_are_stored_and_consent_is_refused(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        await view(first, STRANGER, n=2)
        assert (await decide(second, STRANGER))["rung"] == "popular"
        response = await consent(first, ANN, granted=False)
        assert (response.status_code, response.json()["error"]["code"]) == (503, "overlay_unavailable")
        state = (await first.get("/readyz")).json()
        assert (state["ready"], state["overlay"]["available"]) == (True, False)

    play(root, scenario, overlay=None)
    assert len(logged(root, "events")) == 2


def segment_calls() -> LiveMapping:
    contract, lists = (load_contract(sample.CONFIG / "sources" / f"segment_{name}.yml") for name in ("events", "lists"))
    since = datetime(2000, 1, 1, tzinfo=UTC)
    return LiveMapping(contract, Hasher(sample.KEY), load_event_types(sample.CONFIG), "USD", since, 300, (lists,))


def test_a_segment_call_is_seen_as_an_event_is_and_a_refusal_keeps_it_out(root: Path) -> None:
    page = {"type": "page", "anonymousId": "k1", "timestamp": "2018-01-02T15:29:50Z", "messageId": "m1"}
    calls = [page, page | {"messageId": "m2"}, {"type": "group", "anonymousId": "k1", "groupId": "acme"}]

    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        before = await decide(second, COOKIE)
        sent = await first.post("/v1/batch", json={"batch": calls}, headers={"authorization": "Bearer x"})
        assert sent.status_code == 200
        after = await decide(second, COOKIE)
        assert (before["action"], after["action"]) == ("produce", "deli")
        assert (await consent(first, COOKIE, False, purpose="analytics")).status_code == 202
        late = [page | {"messageId": f"m{n}", "timestamp": "2018-01-02T15:30:00Z"} for n in range(3, 9)]
        late.append(late[0] | {"type": "track", "event": "Product List Viewed", "messageId": "m9", "properties": {}})
        assert (await first.post("/v1/batch", json={"batch": late})).status_code == 200

    play(root, scenario, segment_calls=segment_calls())
    lines = [line for file in (root / "service_log" / "segment").glob("*") for line in file.read_bytes().splitlines()]
    assert len(lines) == 3


def test_a_word_noted_by_hand_holds_at_once_on_every_worker_and_for_those_that_start_later(root: Path) -> None:
    store = OpsStore(DataPaths(root))
    pair = ("loyalty_id", sample.value_hash("loyalty_id", "ann"))

    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert (await decide(second, ANN))["rung"] == "segment"
        word = word_by_hand(pair, "personalization", granted=False, at=sample.NOW)
        assert tell(root / "runtime", word, lambda _: "ann")
        for client, who in ((first, ANN), (second, COOKIE)):
            assert (await decide(client, who))["rung"] == "no_consent"

    async def after_a_restart(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert (await decide(first, ANN))["rung"] == "no_consent"

    play(root, scenario)
    word = word_by_hand(pair, "personalization", granted=False, at=sample.NOW)
    assert not tell(root / "runtime", word, lambda _: "ann"), "no service runs"
    with store.transaction() as connection:
        connection.execute(
            "insert into consent (identifier, purpose, occurred_at, granted, identifier_type, source)"
            " values (?, 'personalization', ?, 0, 'loyalty_id', 'consent_statements')",
            (pair[1], sample.NOW.isoformat()),
        )
    play(root, after_a_restart, ops=store)
