"""The server's HTTP protocol, with bounds on time and size that uvicorn does not set."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import lru_cache
from time import perf_counter
from typing import Any, NoReturn, cast

from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.http.messages import Fault
from serving.http.offers import UnofferedParser
from serving.http.problems import PROBLEM_TYPE, refusal_bytes
from serving.http.reception import NAME, RECEIVED, Reception

MAX_HEAD_BYTES = 32 << 10
# Requests that one connection sends ahead, each some 2 kB until it is answered.
MAX_AHEAD = 256
# What the framework's layers look at: packed bodies and pages of other origins.
_FOR_THE_FRAMEWORK = frozenset({b"content-encoding", b"origin"})
_BY_PROXIES = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
_NOBODY_WAITS = asyncio.Event()


class OwnCall:
    """A request that is answered at once, in the place of the server's cycle of a request and with the same fields."""

    response_started = response_complete = disconnected = False
    more_body = keep_alive = True
    is_forwarded = False
    message_event = _NOBODY_WAITS

    def __init__(self, scope: Scope, before: Any) -> None:
        self.scope = scope
        self.before = before
        self.body = bytearray()


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """What stands behind a layer that is asked for what it does to a request alone."""


@lru_cache(maxsize=1)
def proxies_of(app: Any) -> ProxyHeadersMiddleware | None:
    """The server's layer that believes trusted proxies, where there is one, with nothing behind it."""
    if not isinstance(app, ProxyHeadersMiddleware):
        return None
    layer = ProxyHeadersMiddleware(cast("Any", _nowhere))
    layer.trusted_hosts = app.trusted_hosts
    return layer


def name_client(layer: ProxyHeadersMiddleware, scope: Any) -> None:
    """Let the request come from whom a trusted proxy names; the layer waits for nothing."""
    with suppress(StopIteration):
        layer(scope, cast("Any", None), cast("Any", None)).send(None)


class PatientProtocol(HttpToolsProtocol):
    """Patient for `Reception.body_seconds`: a request that has not arrived by then is answered 408 and cut off.

    It notes when the last byte was here, so that waiting for the event loop counts against a request's deadline.

    Requests that are here whole and wait for nothing are answered at once (`AtOnce`), all others by the framework.

    A connection waits for one answer at a time, however many requests it sent ahead, and for none while it does not
    read; one that takes nothing of what was sent for `Reception.body_seconds` is dropped.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; one too many is turned away."""
        super().connection_made(transport)
        self.parser: UnofferedParser = UnofferedParser(self, self._head_unoffered)
        self._reception: Reception = self.app_state.get(NAME) or Reception()
        self._late: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._head_bytes = self._unanswered = 0
        self._is_waiting = False
        self._under_way: Any = None
        self._refusal = (400, Fault(code="not_http", message="This is no HTTP/1.1 request."))
        self._is_arriving, self._has_head = True, False
        self._own: OwnCall | None = None
        plain = self.limit_concurrency is None and not self.access_log and not self.root_path
        self._at_once = self._reception.at_once if plain else None
        self._proxies = proxies_of(self.app)
        if len(self.connections) > self._reception.max_connections:
            bound = self._reception.max_connections
            self._refuse(503, Fault(code="too_many_connections", message="Too many connections are open.", bound=bound))
            return
        self._await_rest()

    def data_received(self, data: bytes) -> None:
        """Bytes came; a request that is not whole yet is waited for, but not for ever."""
        super().data_received(data)
        if self._own is not None:
            self._leave_to_framework(self._own)
        self._await_rest()

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._unanswered >= MAX_AHEAD:
            self._refuse_ahead()
        super().on_message_begin()
        self._head_bytes, self._is_arriving = 0, True

    def on_url(self, url: bytes) -> None:
        """Part of the address."""
        self._head_bytes += len(url)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; what comes after a body is none, and not what a proxy saw when it let the request pass."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        if not self._has_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is here; whether the body follows in the same breath is known when all that came was read."""
        if self.parser.is_offer():
            return
        self._has_head = True
        path = None if self._at_once is None else self._at_once.urls.get(self.url)
        names = [name for name, _ in self.headers] if path else []
        if path is None or not self._is_plain(names):
            super().on_headers_complete()
            return
        scope = cast("dict[str, Any]", self.scope)
        scope["method"], scope["path"], scope["raw_path"], scope["query_string"] = "POST", path, self.url, b""
        self.cycle = self._own = OwnCall(scope, self.cycle)  # type: ignore[assignment]
        self._own.is_forwarded = not _BY_PROXIES.isdisjoint(names)

    def on_message_complete(self) -> None:
        """The request is here."""
        if self.parser.is_offer():
            return
        self._is_arriving = self._has_head = False
        self._stop_waiting()
        if not self.cycle.response_complete:
            self._unanswered += 1
            self._count()
        cast("dict[str, Any]", self.scope)[RECEIVED] = perf_counter()
        super().on_message_complete()
        own, self._own = self._own, None
        if own is not None:
            # Each would else hold the one before it for as long as the connection stands.
            own.before = None
            # After what else has come by now, as a task of the framework would: it all waits, and counts as waiting.
            self.loop.call_soon(self._answer, own)

    def on_response_complete(self) -> None:
        """The answer went out."""
        if self._unanswered:
            self._unanswered -= 1
            self._count()
        self._under_way = None
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, and with it what it still waited for."""
        self._stop_waiting()
        if self._unread is not None:
            self._unread.cancel()
        self._unanswered = 0
        self._count()
        self.pipeline.clear()
        if self._under_way is not None:
            # The server tells the request that came last alone, and the one before it would answer nobody.
            self._under_way.disconnected = True
            self._under_way.message_event.set()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read as fast as it asks."""
        super().pause_writing()
        self._count()
        self._watch_reader()

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self._count()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came for long; an answer that nobody reads is dropped with the connection."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - our own words
        """Refuse what could not be parsed."""
        self._refuse(*self._refusal)

    def _head_unoffered(self) -> bytes:
        lines = [b"%b: %b\r\n" % (name, value) for name, value in self.headers if name != b"upgrade"]
        version = self.parser.get_http_version().encode()
        return b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, b"".join(lines))

    def _is_plain(self, names: list[bytes]) -> bool:
        """Whether the request needs nothing that the framework's layers do, and none before it waits for an answer."""
        parser = self.parser
        if (self.cycle is not None and not self.cycle.response_complete) or self.flow.write_paused:
            return False
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return False
        if self.expect_100_continue or not parser.should_keep_alive():
            return False
        return _FOR_THE_FRAMEWORK.isdisjoint(names)

    def _leave_to_framework(self, own: OwnCall) -> None:
        """The rest of its body will be waited for."""
        self._own = None
        if not self.transport.is_closing():
            self.cycle = own.before
            super().on_headers_complete()
            if own.body:
                super().on_body(bytes(own.body))

    def _answer(self, own: OwnCall) -> None:
        at_once, path, own.response_complete = self._at_once, own.scope["path"], True
        assert at_once is not None  # noqa: S101 - it gave the path
        if own.disconnected or self.transport.is_closing():
            at_once.left(path)
            return
        if own.is_forwarded and self._proxies is not None:
            name_client(self._proxies, own.scope)
        content, own.body = bytes(own.body), bytearray()
        answer = at_once.answer(own.scope, content)
        more = b"" if own.keep_alive else b"connection: close\r\n"
        status = STATUS_LINE[answer.status_code]
        self.transport.write(at_once.sent(path, answer, self.server_state.default_headers, status, more))
        if not own.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._under_way = cycle
        super()._start_asgi_task(cycle, app)

    def _count(self) -> None:
        """Keep the count of connections that wait for us."""
        waits = self._unanswered > 0 and not self.flow.write_paused
        if waits is not self._is_waiting:
            self._is_waiting = waits
            self._reception.waiting += 1 if waits else -1

    def _watch_reader(self) -> None:
        held = self.transport.get_write_buffer_size()
        if held and self._unread is None:
            self._unread = self.loop.call_later(self._reception.body_seconds, self._drop_unread, held)

    def _drop_unread(self, held: int) -> None:
        self._unread = None
        if self.transport.get_write_buffer_size() >= held:
            self.transport.abort()
        elif self.flow.write_paused or self.transport.is_closing():
            self._watch_reader()

    def _refuse_ahead(self) -> NoReturn:
        message = "Too many requests were sent ahead of their answers."
        self._refusal = (503, Fault(code="too_many_ahead", message=message, bound=MAX_AHEAD))
        raise ValueError("too many ahead")

    def _refuse_head(self) -> NoReturn:
        message = "Address and headers are too large."
        self._refusal = (431, Fault(code="head_too_large", message=message, bound=MAX_HEAD_BYTES))
        raise ValueError("head too large")

    def _await_rest(self) -> None:
        if self._is_arriving and self._late is None and not self.transport.is_closing():
            self._late = self.loop.call_later(self._reception.body_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        seconds = self._reception.body_seconds
        message = f"The request did not arrive within {seconds:g} seconds."
        self._refuse(408, Fault(code="too_slow", message=message, bound=seconds))

    def _refuse(self, status: int, fault: Fault) -> None:
        if self.transport.is_closing():
            return
        is_under_way = self.cycle is not None and self.cycle.scope is self.scope
        if not (is_under_way and self.cycle.response_started):
            content = refusal_bytes(status, fault)
            head = f"content-type: {PROBLEM_TYPE}\r\ncontent-length: {len(content)}\r\ncache-control: no-store\r\n"
            head += "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head.encode() + content)
        self.transport.close()
        self._watch_reader()
