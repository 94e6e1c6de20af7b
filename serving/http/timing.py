"""Times every request: from the last byte of its body, so that a slow client counts for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Told = Callable[[str, int, float], None]
OTHER = "other"


class Timing:
    """Tells path, status and milliseconds of each answer; paths that are not served count together."""

    def __init__(self, app: ASGIApp, told: Told, paths: Iterable[str]) -> None:
        self._app = app
        self._told = told
        self._paths = frozenset(path for path in paths if "{" not in path)
        self._stems = tuple((path.partition("{")[0], path) for path in paths if "{" in path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def receiving() -> Message:
            nonlocal began
            message = await receive()
            if not message.get("more_body", False) and message["type"] == "http.request":
                began = perf_counter()
            return message

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        finally:
            self._told(self._name(scope["path"]), status, (perf_counter() - began) * 1e3)

    def _name(self, path: str) -> str:
        if path in self._paths:
            return path
        return next((name for stem, name in self._stems if path.startswith(stem)), OTHER)
