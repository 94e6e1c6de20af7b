"""Around everything: security headers on each answer, and a bare 500 for what nobody foresaw."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.problems import crashed

_NAMED = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
WITH_POLICY = (*_NAMED, _POLICY)
"""Headers that every answer has, unless it comes with a policy of its own."""


class Shield:
    """The framework's own handler of crashes hands them on to the server, which logs their text; this does not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = False

        async def sending(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                headers = message["headers"]
                headers.extend(_NAMED if _POLICY[0] in [name for name, _ in headers] else WITH_POLICY)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered and its text goes nowhere
            answer = crashed(scope["path"], error)
            if not began:
                await answer(scope, receive, sending)
