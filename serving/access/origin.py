"""Origins of pages: who may call from a browser."""

from __future__ import annotations

import re
from collections.abc import Collection

ANY_ORIGIN = "*"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d+)?")


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


def may_call(origin: str | None, origins: Collection[str]) -> bool:
    """Whether a call may come from here. A browser names the origin with every POST and every call to another host; a
    key of named origins therefore demands it, one without any is for apps, which have none."""
    if ANY_ORIGIN in origins:
        return True
    return origin in origins if origin is not None else not origins
