"""For whom a caller may speak: a server for whom it names, a browser for its own cookie and for who is vouched for."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request

from serving.access.caller import NOBODY, Caller
from serving.http.guard import CALLER
from serving.http.vouching import HEADER, vouched_pairs
from serving.lines import Hashed
from serving.overlay.arrival import OF_THE_BROWSER
from serving.service import Service


def caller_of(request: Request) -> Caller:
    """Who sent the request, as the guard found."""
    caller: Caller = request.scope.get(CALLER, NOBODY)
    return caller


def own(pairs: Hashed) -> tuple[tuple[str, str], ...]:
    """The identifiers that a browser gives itself."""
    return tuple(pair for pair in pairs if pair[0] in OF_THE_BROWSER)


def counting(
    service: Service, request: Request, pairs: Hashed, token: str | None, now: datetime
) -> tuple[tuple[str, str], ...]:
    """The identifiers that count: all that a server names; of a browser's its own, and those that a token covers.

    Raises:
        Problem: 422 for a token that proves nothing, or that does not cover what is named beside it.
    """
    if not caller_of(request).is_browser:
        return tuple(pairs)
    field = "user_token" if token else HEADER
    token = token or request.headers.get(HEADER)
    if token is None:
        return own(pairs)
    vouched_pairs(service, token, pairs, now, field)
    return tuple(pairs)
