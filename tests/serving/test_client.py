"""The Python client's retries and errors, against a scripted transport; the real service is in tests/system."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import msgspec
import pytest

from serving.client import Concierge, ServiceRefusalError
from serving.http.messages import Event

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
