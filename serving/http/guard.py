"""Who may call: everybody on the loopback, or whoever shows the configured key."""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.messages import Fault, Refusal
from serving.http.problems import json_response
from serving.http.segment_call import PATHS

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
# These look for their key themselves: in Basic authentication, or in the body.
_PASSED = OPEN_PATHS | PATHS
_SCHEME = b"bearer "


class KeyGuard:
    """Answers 401 to requests without `Authorization: Bearer <key>`; the comparison takes the same time for all."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in _PASSED or self._is_known(scope):
            await self._app(scope, receive, send)
            return
        fault = Fault(code="unauthorized", message="Send the API key as 'Authorization: Bearer <key>'.")
        response = json_response(Refusal(fault), 401)
        response.headers["www-authenticate"] = "Bearer"
        await response(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) != 1 or given[0][: len(_SCHEME)].lower() != _SCHEME:
            return False
        return hmac.compare_digest(given[0][len(_SCHEME) :].strip(), self._key)
