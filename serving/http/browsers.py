"""Browsers of other origins: from those that a browser's key is bound to they may do what such a key may."""

from __future__ import annotations

from collections.abc import Callable, Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.access.origin import ANY_ORIGIN

_DAY_SECONDS = 86_400
VARIES = (b"vary", b"Origin")
"""Header of every answer on browsers' paths, also to those who come from nowhere."""


class _Shared(CORSMiddleware):
    """Knows the origins at the time of the request, since keys come and go."""

    def __init__(self, app: ASGIApp, origins: Callable[[], Collection[str]]) -> None:
        super().__init__(
            app,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["ETag", "Retry-After"],
            max_age=_DAY_SECONDS,
        )
        self._origins = origins

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether some browser's key in force is bound to it."""
        origins = self._origins()
        return origin in origins or ANY_ORIGIN in origins


class BrowserCalls:
    """Answers preflights of the paths that browsers may use and marks their answers as readable, for those origins.

    Args:
        app: what stands behind.
        origins: of all browsers' keys in force.
        paths: that browsers may use; one that ends in `/` stands for all below it.
    """

    def __init__(self, app: ASGIApp, origins: Callable[[], Collection[str]], paths: Collection[str]) -> None:
        self._app = app
        self._shared = _Shared(app, origins)
        self._paths = frozenset(path for path in paths if not path.endswith("/"))
        self._below = tuple(path for path in paths if path.endswith("/"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, by way of the origin's check where a browser may call."""
        shared = scope["type"] == "http" and (scope["path"] in self._paths or scope["path"].startswith(self._below))
        await (self._shared if shared else self._app)(scope, receive, send)
