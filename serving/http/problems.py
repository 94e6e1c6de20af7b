"""Answers to what cannot be answered: code, sentence, field, value; never the text of an exception."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from serving.http.messages import Fault, Refusal

_LOG = logging.getLogger(__name__)
_CODES = {404: "not_found", 405: "method_not_allowed"}


class Problem(Exception):  # noqa: N818
    """Ends a request with a status and a fault."""

    def __init__(self, status: int, fault: Fault) -> None:
        super().__init__(fault.code)
        self.status = status
        self.fault = fault


def json_response(content: Any, status: int = 200) -> Response:
    """A msgspec-encoded answer that no cache keeps."""
    return Response(msgspec.json.encode(content), status, {"cache-control": "no-store"}, media_type="application/json")


def refuse(status: int, code: str, message: str, **details: Any) -> Problem:
    """A problem to raise."""
    return Problem(status, Fault(code=code, message=message, **details))


async def on_problem(_: Request, error: Exception) -> Response:
    """Handler of `Problem`."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class alone
    return json_response(Refusal(error.fault), error.status)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Handler of the framework's own refusals."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = _CODES.get(status, "refused")
    return json_response(Refusal(Fault(code=code, message=f"{request.method} is not served at this path")), status)


async def on_crash(request: Request, error: Exception) -> Response:
    """Handler of everything else: the answer says nothing of the cause."""
    _LOG.error("%s failed with %s", request.url.path, type(error).__name__)
    fault = Fault(code="internal", message="The service failed to answer; the failure has been logged.")
    return json_response(Refusal(fault), 500)
