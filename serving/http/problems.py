"""Answers to what cannot be answered: code, sentence, field, value; never the text of an exception."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from serving.http.messages import Fault, Refusal

_LOG = logging.getLogger(__name__)
_CODES = {404: "not_found", 405: "method_not_allowed"}
PROBLEM_TYPE = "application/problem+json"
_NO_STORE = (b"cache-control", b"no-store")
_JSON = (b"content-type", b"application/json")
JSON_HEAD = b"cache-control: no-store\r\ncontent-length: ", b"\r\ncontent-type: application/json\r\n"
"""The head of a `JsonResponse` as it is sent, around its length."""


class Problem(Exception):  # noqa: N818
    """Ends a request with a status and a fault; `headers` go with the answer."""

    def __init__(self, status: int, fault: Fault) -> None:
        super().__init__(fault.code)
        self.status = status
        self.fault = fault
        self.headers: dict[str, str] = {}


class JsonResponse(Response):
    """JSON that no cache keeps; for the same head the framework takes 1.3 µs instead of 0.3."""

    def __init__(self, content: bytes, status: int) -> None:
        self.status_code = status
        self.background = None
        self.body = content

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override]
        """Its head, as a list of its own: whoever stands around adds to it."""
        return [_NO_STORE, (b"content-length", b"%d" % len(self.body)), _JSON]


def json_response(content: Any, status: int = 200) -> JsonResponse:
    """A msgspec-encoded answer that no cache keeps."""
    return JsonResponse(msgspec.json.encode(content), status)


def refuse(status: int, code: str, message: str, **details: Any) -> Problem:
    """A problem to raise."""
    return Problem(status, Fault(code=code, message=message, **details))


def answer_of(problem: Problem) -> Response:
    """The answer to a request that ended in a problem."""
    return _refusal(problem.status, problem.fault, problem.headers)


def refusal_bytes(status: int, fault: Fault) -> bytes:
    """The body of a refusal."""
    title = HTTPStatus(status).phrase
    return msgspec.json.encode(Refusal(title=title, status=status, detail=fault.message, error=fault))


def _refusal(status: int, fault: Fault, headers: dict[str, str]) -> Response:
    headers = {"cache-control": "no-store", **headers}
    return Response(refusal_bytes(status, fault), status, headers, media_type=PROBLEM_TYPE)


async def on_problem(_: Request, error: Exception) -> Response:
    """Handler of `Problem`."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class alone
    return answer_of(error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Handler of the framework's own refusals."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    code = _CODES.get(status, "refused")
    return _refusal(status, Fault(code=code, message=f"{request.method} is not served at this path."), headers)


def crashed(path: str, error: BaseException) -> Response:
    """The answer to everything else: it says nothing of the cause, and the log nothing of what was asked."""
    _LOG.error("%s failed with %s at %s", path, type(error).__name__, _place(error))
    return _refusal(
        500, Fault(code="internal", message="The service failed to answer; the failure has been logged."), {}
    )


def _place(error: BaseException) -> str:
    """File and line where it was raised; its text may hold what somebody sent."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "nowhere" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
