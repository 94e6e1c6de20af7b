"""Calls that are here whole are answered without the framework, and as the framework would."""

from __future__ import annotations

import asyncio
import gc
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from serving.app import create_app
from serving.http.protocol import MAX_AHEAD, OwnCall, PatientProtocol
from serving.http.reception import NAME, Reception
from serving.service import Service
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import PATIENCE_SECONDS, config

ANN = b'{"identifiers":[{"type":"loyalty_id","value":"ann"}]}'
HERO = ANN[:-1] + b',"placements":["home_hero"],"request_id":"r1"}'
LOOKUP, FEATURES, DECIDE = "/v1/profiles/lookup", "/v1/features", "/v1/decide"
SECRET = "a-key-of-the-shop"
KEY = f"authorization: Bearer {SECRET}"


class Wire(asyncio.Transport):
    """A client's end: what was sent to it, and whether the connection stands."""

    def __init__(self, client: str) -> None:
        super().__init__({"peername": (client, 5000), "sockname": ("127.0.0.1", 80)})
        self.sent = b""
        self.closed = False
        self.unread = 0

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self.unread

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Front:
    """A service behind its protocol, and how many requests came to the framework."""

    def __init__(self, app: Starlette, state: dict[str, Any]) -> None:
        self.app, self.state, self.routed = app, state, 0
        self.service: Service = app.state.service
        self.reception: Reception = state[NAME]
        self.server = ServerState()
        self.server.default_headers = [(b"date", b"today"), (b"server", b"s")]

    async def framework(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.routed += 1
        await self.app(scope, receive, send)

    def connect(self, client: str = "127.0.0.1") -> tuple[PatientProtocol, Wire]:
        served = Config(self.framework, interface="asgi3", log_config=None, access_log=False)
        wire, protocol = Wire(client), PatientProtocol(served, self.server, self.state)
        protocol.connection_made(wire)
        return protocol, wire

    async def asked(self, *pieces: bytes, client: str = "127.0.0.1") -> bytes:
        """All that is sent for what came in these pieces."""
        protocol, wire = self.connect(client)
        for piece in pieces:
            protocol.data_received(piece)
        await self.settled()
        protocol.connection_lost(None)
        return wire.sent

    async def settled(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.reception.waiting:
                await asyncio.sleep(0)


@asynccontextmanager
async def front(root: Path, **changes: Any) -> AsyncIterator[Front]:
    sample.write(root / "snapshots", "v1")
    pointer.switch(root / "snapshots", "v1")
    app = create_app(config(root, **changes))
    async with app.router.lifespan_context(app) as state:
        yield Front(app, dict(state or {}))


def request(path: str, content: bytes, *headers: str, method: str = "POST", version: str = "1.1") -> list[bytes]:
    """Head and body."""
    lines = [f"{method} {path} HTTP/{version}", "host: shop", f"content-length: {len(content)}", *headers]
    return ["\r\n".join([*lines, "", ""]).encode(), content]


PLAIN = [
    (LOOKUP, ANN, 200),
    (LOOKUP, ANN.replace(b"ann", b"cleo"), 200),
    (LOOKUP, ANN.replace(b"ann", b"nobody"), 200),
    (FEATURES, ANN, 200),
    (FEATURES, ANN[:-1] + b',"features":["recency_days"]}', 200),
    (FEATURES, ANN[:-1] + b',"features":["secrets"]}', 422),
    (DECIDE, HERO, 200),
    (DECIDE, HERO.replace(b"home_hero", b"nothing"), 422),
    (LOOKUP, b'{"identifiers":[]}', 422),
    (LOOKUP, ANN[:-1], 400),
    (DECIDE, b"\xff" * 9, 400),
    (LOOKUP, b" " * (1 << 21), 413),
]


def test_the_answer_is_the_same_by_either_way(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            for path, content, status in PLAIN:
                head, body = request(path, content)
                whole = await shop.asked(head + body)
                assert (shop.routed, whole[9:12]) == (0, str(status).encode()), path
                assert await shop.asked(head, body) == whole
                assert shop.routed == 1
                shop.routed = 0
            counted = {name: sum(found.counts) for name, found in shop.service.metrics.counted.requests.items()}
            assert all(n % 2 == 0 for n in counted.values())
            assert sum(counted.values()) == 2 * len(PLAIN)

    asyncio.run(run())


@pytest.mark.parametrize(("header", "status"), [("x: y", 401), (KEY.replace("key", "guess"), 401), (KEY, 200)])
def test_a_key_is_asked_for_by_either_way(tmp_path: Path, header: str, status: int) -> None:
    async def run() -> None:
        async with front(tmp_path, api_key=SECRET) as shop:
            head, body = request(LOOKUP, ANN, header)
            whole = await shop.asked(head + body)
            assert (shop.routed, whole[9:12]) == (0, str(status).encode())
            assert await shop.asked(head, body) == whole

    asyncio.run(run())


SHOP, EVIL = "origin: https://shop.example", "origin: https://evil.example"


@pytest.mark.parametrize(
    ("origins", "asked"),
    [
        (["https://shop.example"], [([], 403), ([SHOP], 200), ([EVIL], 403), ([SHOP] * 2, 403)]),
        (["*"], [([], 200), ([EVIL], 200)]),
        ([], [([], 200)]),
    ],
)  # fmt: skip
def test_a_browser_s_key_is_bound_to_its_origins_by_either_way(
    tmp_path: Path, origins: list[str], asked: list[tuple[list[str], int]]
) -> None:
    async def run() -> None:
        async with front(tmp_path, browser_key=SECRET, browser_origins=tuple(origins)) as shop:
            for shown, status in asked:
                head, body = request(DECIDE, HERO, KEY, *shown)
                whole = await shop.asked(head + body)
                assert (shop.routed, whole[9:12]) == (1 if shown else 0, str(status).encode())
                assert await shop.asked(head, body) == whole
                # What a browser is told says nothing of why, and of nobody.
                assert b"segment_id" not in whole
                shop.routed = 0
            assert (await shop.asked(b"".join(request(LOOKUP, ANN, KEY, *asked[-1][0]))))[9:12] == b"403"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("client", "forwarded", "status"),
    [
        ("127.0.0.1", "127.0.0.1", 200),
        ("127.0.0.1", "9.9.9.9", 401),
        ("127.0.0.1", "127.0.0.1, 9.9.9.9", 401),
        ("9.9.9.9", "127.0.0.1", 401),
    ],
)
def test_a_proxy_is_believed_by_either_way(tmp_path: Path, client: str, forwarded: str, status: int) -> None:
    """Without keys this machine alone is served, and only a proxy of this machine tells who asks."""

    async def run() -> None:
        async with front(tmp_path) as shop:
            head, body = request(LOOKUP, ANN, f"x-forwarded-for: {forwarded}", "x-forwarded-proto: https")
            whole = await shop.asked(head + body, client=client)
            assert (shop.routed, whole[9:12]) == (0, str(status).encode())
            assert await shop.asked(head, body, client=client) == whole

    asyncio.run(run())


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (request(LOOKUP, gzip.compress(ANN), "content-encoding: gzip"), 200),
        (request(DECIDE, HERO, "origin: http://localhost:3000"), 200),
        (request(LOOKUP, ANN, "connection: close"), 200),
        (request(LOOKUP, ANN, version="1.0"), 200),
        (request(LOOKUP, ANN, "expect: 100-continue"), 100),
        (request(LOOKUP, ANN, method="PUT"), 405),
        (request(LOOKUP + "?a=b", ANN), 200),
        (request("/v1/%70rofiles/lookup", ANN), 200),
        (request("/healthz", b"", method="GET"), 200),
    ],
)
def test_whatever_is_not_plain_goes_to_the_framework(tmp_path: Path, asked: Sequence[bytes], status: int) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            answer = await shop.asked(b"".join(asked))
            assert (shop.routed, answer[9:12]) == (1, str(status).encode())

    asyncio.run(run())


@pytest.mark.parametrize("status", [200, 401])
def test_what_comes_after_a_body_is_no_header(tmp_path: Path, status: int) -> None:
    """A proxy that sets who asks passes it on."""
    who, after = ("127.0.0.1", "9.9.9.9") if status == 200 else ("9.9.9.9", "127.0.0.1")
    head = f"POST {LOOKUP} HTTP/1.1\r\nx-forwarded-for: {who}\r\ntransfer-encoding: chunked\r\n\r\n"
    body = b"%x\r\n%b\r\n0\r\nx-forwarded-for: %b\r\n\r\n" % (len(ANN), ANN, after.encode())

    async def run() -> None:
        async with front(tmp_path) as shop:
            for pieces in ([head.encode() + body], [head.encode(), body], [head.encode(), body[:-25], body[-25:]]):
                assert (await shop.asked(*pieces))[9:12] == str(status).encode()

    asyncio.run(run())


OFFER = "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"
OFFERED = b"".join(request(LOOKUP, ANN, *OFFER))
SHOUTED = OFFERED.replace(b"Upgrade:", b"UPGRADE:")
PLAINLY = b"".join(request(LOOKUP, ANN))
IN_CHUNKS = OFFERED.replace(b"content-length: %d" % len(ANN), b"transfer-encoding: chunked").replace(
    ANN, b"%x\r\n%b\r\n0\r\n\r\n" % (len(ANN), ANN)
)


@pytest.mark.parametrize(
    "pieces",
    [
        [OFFERED],
        [SHOUTED],
        [IN_CHUNKS],
        [OFFERED, PLAINLY, SHOUTED],
        [OFFERED[:-9], OFFERED[-9:]],
        [OFFERED[:90], OFFERED[90:]],
        [bytes([one]) for one in OFFERED + PLAINLY],
        [OFFERED * 3 + PLAINLY + IN_CHUNKS + OFFERED],
        [PLAINLY[:-9], PLAINLY[-9:] + OFFERED],
    ],
)
def test_an_offer_of_another_protocol_is_not_taken_and_the_body_is_read(tmp_path: Path, pieces: list[bytes]) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            answer = await shop.asked(PLAINLY)
            whole = b"".join(pieces)
            assert await shop.asked(*pieces) == answer * whole.count(b"HTTP/1.1\r\n")

    asyncio.run(run())


def test_in_a_body_it_is_nobody_s_offer(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            head, body = request(LOOKUP, ANN[:-1] + b' , "x": "\r\nconnection: upgrade\r\nupgrade: h2c"}')
            assert await shop.asked(head, body) == await shop.asked(head + body)

    asyncio.run(run())


def test_a_tunnel_is_refused_and_nothing_is_read_of_what_goes_through_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            answer = await shop.asked(b"CONNECT elsewhere:443 HTTP/1.1\r\nhost: elsewhere\r\n\r\n" + PLAINLY)
            assert (answer[9:12], answer.count(b"\r\n\r\n")) == (b"400", 1)

    asyncio.run(run())


def test_requests_that_come_together_are_answered_in_their_order(tmp_path: Path) -> None:
    lookup, decide = b"".join(request(LOOKUP, ANN)), b"".join(request(DECIDE, HERO))
    health = b"".join(request("/healthz", b"", method="GET"))

    async def run() -> None:
        async with front(tmp_path) as shop:
            single = {one: await shop.asked(one) for one in (lookup, decide, health)}
            for series in ([lookup, decide], [lookup, health, lookup], [health, decide, lookup, health]):
                assert await shop.asked(b"".join(series)) == b"".join(single[one] for one in series)
            # One after the other on one connection, each in either way.
            protocol, wire = shop.connect()
            for one in (lookup, health, decide, lookup):
                protocol.data_received(one)
                await shop.settled()
            assert wire.sent == b"".join(single[one] for one in (lookup, health, decide, lookup))

    asyncio.run(run())


def test_what_waits_is_counted_until_it_is_answered(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path, queue_limit=2) as shop:
            wires = []
            for _ in range(3):
                protocol, wire = shop.connect()
                protocol.data_received(b"".join(request(DECIDE, HERO)))
                wires.append(wire)
            assert shop.reception.waiting == 3
            await shop.settled()
            # Above the limit the answer is the one prepared for everybody; the two that came later are below it.
            assert [b'"rung":"late"' in wire.sent for wire in wires] == [True, False, False]

    asyncio.run(run())


def test_whoever_asks_ahead_keeps_one_place_in_the_queue_and_none_while_not_reading(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            protocol, wire = shop.connect()
            protocol.data_received(b"".join(request(DECIDE, HERO)) * 9)
            assert shop.reception.waiting == 1
            protocol.pause_writing()
            assert shop.reception.waiting == 0
            protocol.resume_writing()
            assert shop.reception.waiting == 1
            await shop.settled()
            assert wire.sent.count(b"HTTP/1.1 200") == 9
            protocol.data_received(b"".join(request(DECIDE, HERO)) * 9)
            protocol.pause_writing()
            protocol.connection_lost(None)
            assert shop.reception.waiting == 0

    asyncio.run(run())


@pytest.mark.parametrize("pieces", [1, 4])
def test_only_so_many_requests_may_be_sent_ahead(tmp_path: Path, pieces: int) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            protocol, wire = shop.connect()
            for _ in range(pieces):
                protocol.data_received(b"".join(request(LOOKUP, ANN)) * (MAX_AHEAD // pieces))
            assert wire.sent == b""
            protocol.data_received(b"".join(request(LOOKUP, ANN)))
            assert b'"code":"too_many_ahead"' in wire.sent
            assert wire.closed
            protocol.connection_lost(None)
            assert (shop.reception.waiting, len(protocol.pipeline)) == (0, 0)

    asyncio.run(run())


@pytest.mark.parametrize("closing", [True, False])
def test_who_takes_nothing_of_an_answer_is_dropped(tmp_path: Path, closing: bool) -> None:
    async def run() -> None:
        async with front(tmp_path, body_seconds=0.01) as shop:
            protocol, wire = shop.connect()
            protocol.data_received(b"".join(request(LOOKUP, ANN)))
            await shop.settled()
            wire.unread, dropped = 70_000, asyncio.Event()
            wire.abort = dropped.set  # type: ignore[method-assign]
            if closing:
                protocol.data_received(b"\0")
                assert wire.closed
            else:
                protocol._unset_keepalive_if_required()
                protocol.pause_writing()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await dropped.wait()

    asyncio.run(run())


def test_a_connection_holds_nothing_of_what_was_answered(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            protocol, _ = shop.connect()
            for _ in range(5):
                protocol.data_received(b"".join(request(LOOKUP, ANN)))
                await shop.settled()
            kept = [one for one in gc.get_objects() if isinstance(one, OwnCall)]
            assert {(one.before, bytes(one.body)) for one in kept} == {(None, b"")}

    asyncio.run(run())


def test_nothing_is_decided_for_who_is_gone(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            protocol, wire = shop.connect()
            protocol.data_received(b"".join(request(DECIDE, HERO)))
            protocol.connection_lost(ConnectionResetError())
            await asyncio.sleep(0)
            assert (wire.sent, shop.reception.waiting, shop.service.metrics.counted.rungs) == (b"", 0, {})

    asyncio.run(run())


def test_nothing_is_sent_to_who_is_gone_and_had_asked_ahead(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            protocol, wire = shop.connect()
            protocol.pause_writing()
            protocol.data_received(b"".join(request("/healthz", b"", method="GET")) * 2)
            for _ in range(20):
                await asyncio.sleep(0)
            assert shop.routed == 1
            protocol.connection_lost(ConnectionResetError())
            while protocol.tasks:
                await asyncio.sleep(0)
            assert wire.sent == b""

    asyncio.run(run())


def test_a_batch_ends_with_its_reader(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path) as server:
            body = b'{"people":[%b],"placements":["home_hero"]}' % b",".join([ANN] * 3_000)
            protocol, wire = server.connect()
            for piece in request("/v1/decide/batch", body):
                protocol.data_received(piece)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while b"\n{" not in wire.sent:
                    await asyncio.sleep(0)
                wire.closed = True
                protocol.connection_lost(None)
                await asyncio.gather(*server.server.tasks)
            decisions = server.service.decisions
            assert 0 < decisions.queued + decisions.written < 1_000, "the rest was decided for nobody"

    asyncio.run(run())


def test_a_connection_that_is_to_end_ends_with_the_answer(tmp_path: Path) -> None:
    async def run() -> None:
        async with front(tmp_path) as shop:
            protocol, wire = shop.connect()
            protocol.data_received(b"".join(request(LOOKUP, ANN)))
            protocol.shutdown()
            assert not wire.closed
            await shop.settled()
            assert b"\r\nconnection: close\r\n\r\n{" in wire.sent
            assert wire.closed

    asyncio.run(run())


def test_a_crash_is_answered_and_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("ann@shop.example")

    async def run() -> None:
        async with front(tmp_path) as shop:
            monkeypatch.setattr(shop.service, "hashed", broken)
            head, body = request(LOOKUP, ANN)
            whole = await shop.asked(head + body)
            assert (shop.routed, whole[9:12]) == (0, b"500")
            assert b"ann@" not in whole
            assert await shop.asked(head, body) == whole
            assert sum(shop.service.metrics.counted.requests[f"{LOOKUP}\t500"].counts) == 2

    asyncio.run(run())
