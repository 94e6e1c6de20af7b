"""The server's HTTP protocol, with bounds on time and size that uvicorn does not set."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any, NoReturn, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.http.messages import Fault
from serving.http.problems import PROBLEM_TYPE, refusal_bytes
from serving.http.reception import NAME, RECEIVED, Reception

MAX_HEAD_BYTES = 32 << 10


class PatientProtocol(HttpToolsProtocol):
    """Patient for `Reception.body_seconds`: a request that has not arrived by then is answered 408 and cut off.

    It notes when the last byte was here, so that waiting for the event loop counts against a request's deadline.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; one too many is turned away."""
        super().connection_made(transport)
        self._reception: Reception = self.app_state.get(NAME) or Reception()
        self._late: asyncio.TimerHandle | None = None
        self._head_bytes = self._unanswered = 0
        self._refusal = (400, Fault(code="not_http", message="This is no HTTP/1.1 request."))
        self._is_arriving = True
        if len(self.connections) > self._reception.max_connections:
            bound = self._reception.max_connections
            self._refuse(503, Fault(code="too_many_connections", message="Too many connections are open.", bound=bound))
            return
        self._await_rest()

    def data_received(self, data: bytes) -> None:
        """Bytes came; a request that is not whole yet is waited for, but not for ever."""
        super().data_received(data)
        self._await_rest()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head_bytes, self._is_arriving = 0, True

    def on_url(self, url: bytes) -> None:
        """Part of the address."""
        self._head_bytes += len(url)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        super().on_header(name, value)

    def on_message_complete(self) -> None:
        """The request is here."""
        self._is_arriving = False
        self._stop_waiting()
        if not self.cycle.response_complete:
            self._unanswered += 1
            self._reception.waiting += 1
        cast("dict[str, Any]", self.scope)[RECEIVED] = perf_counter()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer went out."""
        if self._unanswered:
            self._unanswered -= 1
            self._reception.waiting -= 1
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, and with it what it still waited for."""
        self._stop_waiting()
        self._reception.waiting -= self._unanswered
        self._unanswered = 0
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came for long; an answer that nobody reads is dropped with the connection."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - our own words
        """Refuse what could not be parsed."""
        self._refuse(*self._refusal)

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
