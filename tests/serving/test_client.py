"""The Python clients: retries and errors against a scripted transport, every call against the real application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from serving.app import create_app
from serving.client import AsyncConcierge, Concierge, ServiceRefusalError
from serving.client.calls import named
from serving.http.messages import BatchPerson, Event, Exposure
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config

READY = {"decisions": [], "snapshot_version": "v1"}


def client(handler: Callable[[httpx.Request], httpx.Response], **more: int | str) -> Concierge:
    return Concierge("http://shop", transport=httpx.MockTransport(handler), **more)  # type: ignore[arg-type]


def test_a_busy_service_is_asked_again_with_the_same_request_id() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content)["request_id"])
        return httpx.Response(503, json={}) if len(seen) < 3 else httpx.Response(200, json=READY)

    with client(answer) as concierge:
        assert concierge.decide(["home_hero"]) == []
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_an_event_is_sent_again_under_the_same_id() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content)["events"][0]["event_id"])
        if len(seen) == 1:
            raise httpx.ReadTimeout("slow", request=request)
        return httpx.Response(202, json={"accepted": 1, "event_ids": [seen[-1]]})

    with client(answer) as concierge:
        assert concierge.post_events([Event(event_type="page_viewed")]) == [seen[0]]
    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_a_word_of_consent_is_sent_again_under_the_same_id() -> None:
    seen: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        if len(seen) == 1:
            return httpx.Response(503, json={})
        return httpx.Response(202, json={"accepted": 1, "event_ids": [seen[-1]["event_id"]]})

    with client(answer) as concierge:
        told = concierge.post_consent({"cookie": "k"}, "analytics", granted=False)
    assert seen[0] == seen[1]
    assert seen[0]["event_id"] == told
    assert seen[0]["identifiers"] == [{"type": "cookie", "value": "k"}]


def test_it_gives_up_after_its_attempts() -> None:
    calls = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        raise httpx.ConnectError("refused", request=request)

    with client(answer, attempts=2) as concierge, pytest.raises(httpx.ConnectError):
        concierge.decide(["home_hero"])
    assert calls == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"error": {"code": "c", "message": "no", "field": "context.hour"}}', "422 c: context.hour: no"),
        (b"<html>", "422 unknown: no message"),
        (b"[]", "422 unknown: no message"),
    ],
)  # fmt: skip
def test_a_refusal_is_not_repeated_and_says_why(content: bytes, message: str) -> None:
    calls = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return httpx.Response(422, content=content)

    with client(answer) as concierge, pytest.raises(ServiceRefusalError) as refused:
        concierge.lookup({"cookie": "k1"})
    assert (calls, str(refused.value)) == (1, message)


def test_the_key_is_sent_as_a_bearer_token() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer a-long-enough-api-key"
        return httpx.Response(200, json={"found": False, "snapshot_version": "v1"})

    with client(answer, api_key="a-long-enough-api-key") as concierge:
        assert not concierge.lookup({"cookie": "k1"}).found


def test_wrong_arguments_are_found_before_sending() -> None:
    with pytest.raises(ValueError, match="attempts: 0 is below 1"):
        client(lambda _: httpx.Response(200), attempts=0)
    with client(lambda _: httpx.Response(200)) as concierge, pytest.raises(msgspec.ValidationError, match="ssn"):
        concierge.lookup({"ssn": "1"})


KEPT = {"home_hero": {"headline": "Fresh today"}}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_page_gets_the_content_it_keeps_when_the_service_cannot_answer(status: int) -> None:
    with client(lambda _: httpx.Response(status), attempts=1, fallback=KEPT) as concierge:
        (decision,) = concierge.decide(["home_hero"])
        assert (decision.content, decision.rung, decision.personalization_id) == (KEPT["home_hero"], "late", "")
        with pytest.raises(ServiceRefusalError):
            concierge.decide(["home_hero", "cart"])


def test_a_wrong_request_is_told_and_not_covered_up() -> None:
    with (
        client(lambda _: httpx.Response(422, content=b"{}"), fallback=KEPT) as concierge,
        pytest.raises(ServiceRefusalError),
    ):
        concierge.decide(["home_hero"])


def test_a_batch_goes_on_where_its_answer_broke_off() -> None:
    asked: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        people = [person["identifiers"][0]["value"] for person in json.loads(request.content)["people"]]
        asked.append(people)
        told = people[:2] if len(asked) == 1 else people
        lines = [json.dumps({"index": at, "decisions": []}) for at in range(len(told))]
        return httpx.Response(200, text="".join(f"{line}\n" for line in lines))

    with client(answer) as concierge:
        results = list(concierge.decide_batch(["home_hero"], [{"cookie": name} for name in "abcde"]))
    assert [result.index for result in results] == [0, 1, 2, 3, 4]
    assert asked == [list("abcde"), list("cde")]


def test_a_batch_that_never_ends_well_says_how_far_it_came() -> None:
    with client(lambda _: httpx.Response(200), attempts=2) as concierge:
        batch = concierge.decide_batch(["home_hero"], [{"cookie": "a"}])
        with pytest.raises(httpx.RemoteProtocolError, match="ended after 0 of 1 people"):
            next(batch)


def test_the_asynchronous_client_asks_the_real_service(tmp_path: Path) -> None:
    async def asked() -> None:
        sample.write(tmp_path / "snapshots")
        pointer.switch(tmp_path / "snapshots", "v1")
        app = create_app(config(tmp_path, overlay=tmp_path / "overlay", overlay_megabytes=16))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app)
            async with AsyncConcierge("http://shop", transport=transport, timeout_seconds=10.0) as concierge:
                assert (await concierge.readiness()).snapshot_version == "v1"
                known = {"loyalty_id": "1"}
                (decision,) = await concierge.decide(["home_hero"], known, request_id="r")
                batch = [BatchPerson(identifiers=named(known), request_id="r"), {"cookie": "stranger"}]
                results = [result async for result in concierge.decide_batch(["home_hero"], batch)]
                assert [result.index for result in results] == [0, 1]
                assert results[0].decisions == [decision]
                assert (await concierge.features(known)).snapshot_version == "v1"
                assert (await concierge.lookup(known)).snapshot_version == "v1"
                assert len(await concierge.post_events([Event(event_type="page_viewed")])) == 1
                shown = Exposure(personalization_id=decision.personalization_id)
                assert len(await concierge.post_exposures([shown])) == 1
                assert await concierge.post_consent({"cookie": "stranger"}, "analytics", granted=False)
                with pytest.raises(ServiceRefusalError, match="placements"):
                    await concierge.decide(["nowhere"])

    asyncio.run(asked())
