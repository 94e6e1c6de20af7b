"""Who sends Segment calls: a server of the shop with the API key, or a browser with its public write key."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any

from starlette.requests import Request

from serving.configuration import ServiceConfig
from serving.http.problems import refuse

_SCHEMES = ("basic", "bearer")


def is_trusted(request: Request, body: dict[str, Any], config: ServiceConfig) -> bool:
    """Whether the identifiers of the calls may speak for people: those of a server may, those of a browser may not.

    A server shows the API key as user name of Basic authentication (as Segment's libraries send their write key) or
    as a bearer token. A browser shows `CONCIERGE_BROWSER_KEY` there or as `writeKey` in the body. Without a
    configured API key only the loopback is served; then whoever authenticates at all counts as a server.

    Raises:
        Problem: 401 for a key that is neither.
    """
    shown = _shown(request)
    if config.api_key is not None and shown is not None and _same(shown, config.api_key):
        return True
    offered = shown if shown is not None else body.get("writeKey")
    if config.browser_key is not None and isinstance(offered, str) and _same(offered, config.browser_key):
        return False
    if config.api_key is None:
        return shown is not None
    message = "Send the API key as user name of Basic authentication (the write key of Segment's libraries)."
    raise refuse(401, "unauthorized", message)


def _shown(request: Request) -> str | None:
    scheme, _, content = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in _SCHEMES:
        return None
    if scheme.lower() == "bearer":
        return content.strip()
    try:
        return base64.b64decode(content.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(), key.encode())
