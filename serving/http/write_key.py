"""Who sends Segment calls: a server of the shop with its key, or a browser with its public write key."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from serving.access.caller import NOBODY, Caller
from serving.http.guard import CALLER, address_of
from serving.service import Service


def is_trusted(request: Request, body: dict[str, Any]) -> bool:
    """Whether the identifiers of the calls may speak for people: those of a server may, those of a browser may not.

    A key in the head was judged already; without one the `writeKey` of the body is. While there are no keys, whoever
    authenticates at all counts as a server.

    Raises:
        Problem: as the gate refuses.
    """
    caller: Caller | None = request.scope.get(CALLER)
    if caller is not None:
        return not caller.is_browser
    service: Service = request.app.state.service
    offered = body.get("writeKey")
    secret = offered.encode("utf-8", "replace") if isinstance(offered, str) else None
    caller = service.gate.admit(secret, address_of(request.scope), request.headers.get("origin"), "ingest")
    return caller is not NOBODY and not caller.is_browser
