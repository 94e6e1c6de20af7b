"""`POST /v1/decide/batch`: many people at once, for letters and advertisements, answered line by line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from secrets import token_hex

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.http.body import read_body
from serving.http.deciding import Asked, check_placements, decided, unready
from serving.http.messages import BatchLine, BatchRequest, Fault
from serving.http.problems import refuse
from serving.http.speaking import caller_of
from serving.live import LiveSnapshot
from serving.service import Service

_LOG = logging.getLogger(__name__)
LINES = "application/x-ndjson"
# A body of 10,000 people; four times what others may send.
BODIES = 4
# Decisions between two breaths: 100 take some 10 ms, which is what a page's decision may then wait for.
_DECISIONS_AT_ONCE = 100
_SEND_SECONDS = 30.0
_ENCODER = msgspec.json.Encoder()


class LineError(msgspec.Struct, frozen=True):
    """The line of a person for whom no decision could be made."""

    index: int
    error: Fault


async def decide_batch(request: Request) -> Response:
    """`POST /v1/decide/batch`: one JSON line a person, in the order of the request, all from one snapshot.

    The lines come as they are made, so that neither side holds the whole answer.
    """
    service: Service = request.app.state.service
    if caller_of(request).is_browser:
        raise refuse(403, "missing_scope", "A browser's key decides for its own cookie alone.", field="authorization")
    body = await read_body(request, BatchRequest, service.config.max_body_bytes * BODIES)
    with service.store.lease() as live:
        if live is None:
            raise unready()
        check_placements(live, body.placements)
    return Lines(service, body)


class Lines(Response):
    """Streams the answers; a reader who takes longer than 30 s for one piece is given up."""

    def __init__(self, service: Service, body: BatchRequest) -> None:
        super().__init__(None, 200, {"cache-control": "no-store"}, media_type=LINES)
        del self.headers["content-length"]
        self._service = service
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - that of ASGI
        """Send head, pieces and end; once the reader is gone nothing more is decided, and so nothing logged."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        leaving = asyncio.ensure_future(_left(receive))
        try:
            with self._service.store.lease() as live:
                if live is not None and not await self._send_pieces(live, send, leaving):
                    return
        finally:
            leaving.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_pieces(self, live: LiveSnapshot, send: Send, leaving: asyncio.Future[None]) -> bool:
        """Whether somebody took all of them."""
        for piece in _pieces(self._service, live, self._body):
            try:
                async with asyncio.timeout(_SEND_SECONDS):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except TimeoutError:
                _LOG.warning("a batch was given up: its reader took none of it for %g s", _SEND_SECONDS)
                return False
            # Others come in between.
            await asyncio.sleep(0)
            if leaving.done():
                return False
        return True


async def _left(receive: Receive) -> None:
    """Return once the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _pieces(service: Service, live: LiveSnapshot, body: BatchRequest) -> Iterator[bytes]:
    people = max(1, _DECISIONS_AT_ONCE // len(body.placements))
    for begin in range(0, len(body.people), people):
        yield b"".join(_lines(service, live, body, range(begin, min(begin + people, len(body.people)))))


def _lines(service: Service, live: LiveSnapshot, body: BatchRequest, places: Sequence[int]) -> Iterator[bytes]:
    now = service.config.clock.now()
    try:
        hashed = service.hashed_together(body.people[place].identifiers for place in places)
    except Exception as error:  # noqa: BLE001 - the head of the answer is out: what fails is told in its place
        for place in places:
            yield _failed(place, error)
        return
    for place, pairs in zip(places, hashed, strict=True):
        person = body.people[place]
        asked = Asked(pairs, body.placements, person.context or body.context, person.request_id or token_hex(16))
        try:
            line = _ENCODER.encode(BatchLine(place, decided(service, live, asked, now))) + b"\n"
        except Exception as error:  # noqa: BLE001 - likewise
            line = _failed(place, error)
        yield line


def _failed(place: int, error: Exception) -> bytes:
    _LOG.error("/v1/decide/batch failed for one person with %s", type(error).__name__)
    fault = Fault(code="internal", message="No decision could be made for this person; the failure has been logged.")
    return _ENCODER.encode(LineError(place, fault)) + b"\n"
