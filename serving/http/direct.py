"""Calls the handler of a path that has no parameters at once; everything else is the framework's to route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.problems import Problem, answer_of

Handler = Callable[[Request], Awaitable[Response]]


class Direct:
    """The framework compares a path with one route after the other and puts two layers around each handler: some 10 µs
    of a request, a tenth of a lookup.

    Args:
        app: the framework's router; it answers other methods, other paths and paths with parameters.
        handlers: by method and path.
    """

    def __init__(self, app: ASGIApp, handlers: Mapping[tuple[str, str], Handler]) -> None:
        self._app = app
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        handler = self._handlers.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if handler is None:
            await self._app(scope, receive, send)
            return
        try:
            answer = await handler(Request(scope, receive, send))
        except Problem as problem:
            answer = answer_of(problem)
        await answer(scope, receive, send)
