"""Segment's own endpoints, so that an existing client works after its host was changed.

A call is kept as it came, sealed, and acknowledged once it is on disk; intake reads it with the contracts
`segment_events`, `segment_groups` and `segment_lists`, so files and live calls mean the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from intake.log_line import with_checksum
from intake.sealed import sealed
from serving.http.body import read_body
from serving.http.messages import MAX_CALLS, SegmentSuccess
from serving.http.problems import Problem, json_response, refuse
from serving.http.segment_call import Call, completed, content_of, fault_of
from serving.http.taking_in import judged, let_see, written
from serving.http.write_key import is_trusted
from serving.lines import line_of
from serving.overlay.arrival import Arrival
from serving.overlay.calls import arrival_of, words_of_call
from serving.service import Service


def one_call(kind: str) -> Callable[[Request], Awaitable[Response]]:
    """The handler of `/v1/<kind>`."""

    async def handler(request: Request) -> Response:
        body = await _object(request)
        service: Service = request.app.state.service
        trusted = is_trusted(request, body)
        now = service.config.clock.now()
        call = completed({**body, "type": kind}, now, trusted=trusted)
        fault = fault_of(call)
        if fault is not None:
            raise Problem(400, fault)
        return await _kept(service, [content_of(call, None)], now)

    handler.__doc__ = f"`POST /v1/{kind}`: one {kind} call of the Segment specification, kept once it is on disk."
    return handler


async def batch(request: Request) -> Response:
    """`POST /v1/batch`: calls of any type; what a call lacks (sentAt, context) it takes from the batch.

    A wrong call does not refuse the others, since a client would throw all of them away: intake sets it aside.
    """
    body = await _object(request)
    service: Service = request.app.state.service
    trusted, now = is_trusted(request, body), service.config.clock.now()
    calls = body.get("batch")
    if not isinstance(calls, list):
        raise refuse(400, "wrong_field", "A batch needs an array of calls.", field="batch")
    if len(calls) > MAX_CALLS:
        message = f"A batch has at most {MAX_CALLS:,} calls, and this one has {len(calls):,}."
        raise refuse(413, "too_large", message, field="batch", bound=MAX_CALLS)
    common = {name: body[name] for name in ("sentAt", "context") if name in body}
    # Decisions are answered meanwhile.
    return await _kept(service, await asyncio.to_thread(_contents, calls, common, now, trusted=trusted), now)


def _contents(calls: Sequence[Any], common: Call, now: datetime, *, trusted: bool) -> list[bytes]:
    every = [completed({**common, **_call(item)}, now, trusted=trusted) for item in calls]
    return [content_of(call, fault_of(call)) for call in every]


def _call(item: Any) -> Call:
    return item if isinstance(item, dict) else {"value": item}


async def _object(request: Request) -> Call:
    service: Service = request.app.state.service
    body: Call = await read_body(request, dict[str, Any], service.config.max_body_bytes)
    return body


async def _kept(service: Service, contents: Sequence[bytes], now: datetime) -> Response:
    """Keep the calls, without those whose person refused analytics, and let the next decision see what they say."""
    arrivals, said = await asyncio.to_thread(_arrivals, service, contents, now)
    every = [*said, *arrivals]
    out = judged(service, every, now)
    left = {arrival.event_id for arrival, suppressed in zip(every, out, strict=True) if suppressed}
    stored = [content for content in contents if not left or _id_of(content) not in left]
    if said:
        # A refusal keeps its own call out, so the word is written apart; it is where words are looked for at a start.
        await written(service.consents, [line_of(word.fields) for word in said])
    if stored:
        await written(service.segment, await asyncio.to_thread(_lines, service, stored))
    service.metrics.taken(stored, tuple(left))
    let_see(service, [arrival for arrival in every if arrival.event_id not in left], now)
    return json_response(SegmentSuccess(True))


def _lines(service: Service, contents: Sequence[bytes]) -> list[bytes]:
    cipher = service.config.cipher()
    return [with_checksum(sealed(cipher, content)) for content in contents]


def _arrivals(service: Service, contents: Sequence[bytes], now: datetime) -> tuple[list[Arrival], list[Arrival]]:
    """The calls as arrivals, and what they say of consent that nobody has heard yet."""
    mapping = service.config.segment_calls
    if mapping is None or service.live_side.overlay is None:
        return [], []
    events = mapping.events(contents, now)
    words = [word for event in events for word in words_of_call(event)]
    return [arrival_of(event) for event in events], service.live_side.unheard(words)


def _id_of(content: bytes) -> str:
    return str(msgspec.json.decode(content)["messageId"])
