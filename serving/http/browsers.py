"""Browsers of other origins: they may send Segment's calls from the origins that the shop names, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.segment_call import PATHS

ANY_ORIGIN = "*"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d+)?")
_DAY_SECONDS = 86_400


def named_origins(written: str) -> tuple[str, ...]:
    """The origins of a list parted by commas, such as `https://shop.example,https://m.shop.example`; `*` is any.

    Raises:
        ValueError: the origin that is none.
    """
    origins = tuple(part.strip() for part in written.split(",") if part.strip())
    for origin in origins:
        if origin != ANY_ORIGIN and not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no origin; write scheme, host and port as in https://shop.example")
    return origins


class BrowserCalls:
    """Answers preflights of Segment's paths and marks their answers as readable, for those origins."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app, allow_origins=list(origins), allow_methods=["POST"], allow_headers=["*"], max_age=_DAY_SECONDS
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, by way of the origin's check where a browser may call."""
        shared = scope["type"] == "http" and scope["path"] in PATHS
        await (self._shared if shared else self._app)(scope, receive, send)
