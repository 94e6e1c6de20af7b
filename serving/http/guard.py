"""Stands before every route: finds the key a request shows and has the gate judge it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.access.key import Scope as Needed
from serving.http.gate import Gate
from serving.http.problems import Problem, answer_of
from serving.http.segment_call import PATHS
from serving.http.snippet import PATH as SNIPPET

OPEN_PATHS = frozenset({"/healthz", "/readyz", SNIPPET})
CALLER = "caller"


class Judge:
    """Says whether a request may ask what it asks, and puts its `Caller` into the scope.

    Segment's calls without a key in the head are passed on: a browser's key stands in their body.

    Args:
        gate: of the running service.
        scopes: scope by path; one that ends in `/` stands for all below it.
    """

    def __init__(self, gate: Callable[[], Gate], scopes: Mapping[str, Needed]) -> None:
        self._gate = gate
        self._scopes = {path: needed for path, needed in scopes.items() if not path.endswith("/")}
        self._below = tuple((path, needed) for path, needed in scopes.items() if path.endswith("/"))

    def __call__(self, scope: Scope) -> None:
        """Let the request in.

        Raises:
            Problem: as the gate refuses.
        """
        secret, origin = shown(scope["headers"])
        path = scope["path"]
        if secret is None and path in PATHS:
            return
        needed = self._scopes.get(path) or next((n for stem, n in self._below if path.startswith(stem)), None)
        scope[CALLER] = self._gate().admit(secret, address_of(scope), origin, needed)


class Guard:
    """Refuses what may not be asked.

    Args:
        app: what is guarded.
        judge: of what may be.
    """

    def __init__(self, app: ASGIApp, judge: Judge) -> None:
        self._app = app
        self._judge = judge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            try:
                self._judge(scope)
            except Problem as problem:
                await answer_of(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def address_of(scope: Scope) -> str:
    """The client's address; "" where the server does not tell."""
    client = scope.get("client")
    return client[0] if client else ""


def shown(headers: list[tuple[bytes, bytes]]) -> tuple[bytes | None, str | None]:
    """The key that a request shows in its head, and the origin it names; a head with two of one is not believed."""
    secret, origin = None, None
    for name, value in headers:
        if name == b"authorization":
            secret = _secret(value) if secret is None else b""
        elif name == b"origin":
            origin = value.decode("latin-1") if origin is None else ""
    return secret, origin


def _secret(value: bytes) -> bytes:
    scheme, _, content = value.partition(b" ")
    if scheme.lower() == b"bearer":
        return content.strip()
    if scheme.lower() != b"basic":
        return b""
    try:
        return base64.b64decode(content.strip(), validate=True).partition(b":")[0]
    except (binascii.Error, ValueError):
        return b""
