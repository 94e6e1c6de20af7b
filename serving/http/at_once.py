"""Calls that wait for nothing once their body is here, answered without the framework's layers around them.

Those layers, a task and two messages for every answer take half of the time of a lookup. What they do for a request is
done here in the same order: the key, the handler, refusals, crashes, times and the headers of every answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import wraps
from time import perf_counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from serving.http.body import whole_body
from serving.http.browsers import VARIES
from serving.http.guard import Judge
from serving.http.problems import JSON_HEAD, JsonResponse, Problem, answer_of, crashed
from serving.http.shield import WITH_POLICY
from serving.http.timing import Told

Answer = Callable[[Request, bytes], Response]
Headers = Iterable[tuple[bytes, bytes]]
FAILED = 500


def reading(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """The same answer as the framework asks for it: the body is read first."""

    @wraps(answer)
    async def handler(request: Request) -> Response:
        return answer(request, await whole_body(request, request.app.state.service.config.max_body_bytes))

    return handler


def lines(headers: Headers) -> bytes:
    """Headers as they are sent."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


_BEFORE_LENGTH, _AFTER_LENGTH = JSON_HEAD


class AtOnce:
    """Answers requests that came whole.

    Args:
        app: that a request names as its own.
        judge: of who may ask.
        told: path, status and milliseconds of each answer.
        answers: by path; each is asked with POST.
        shared: paths that browsers of other origins may use.
    """

    def __init__(
        self, app: Any, judge: Judge, told: Told, answers: Mapping[str, Answer], shared: Collection[str] = ()
    ) -> None:
        self._app = app
        self._judge = judge
        self._told = told
        self._answers = dict(answers)
        self.urls = {path.encode(): path for path in answers}
        self._ends = {path: lines((VARIES, *WITH_POLICY) if path in shared else WITH_POLICY) for path in answers}
        self._usual: Headers = ()
        self._usual_lines = b""

    def answer(self, scope: Scope, content: bytes) -> Response:
        """The answer to a request with this body, which no proxy's, browser's or packing's header is in."""
        path, began = scope["path"], perf_counter()
        scope["app"] = self._app
        try:
            self._judge(scope)
            answer = self._answers[path](Request(scope), content)
        except Problem as problem:
            answer = answer_of(problem)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered and its text goes nowhere
            answer = crashed(path, error)
        self._told(path, answer.status_code, (perf_counter() - began) * 1e3)
        return answer

    def left(self, path: str) -> None:
        """Nobody is there any more to be answered; it counts as by way of the framework."""
        self._told(path, FAILED, 0.0)

    def sent(self, path: str, answer: Response, usual: Headers, status_line: bytes, more: bytes) -> bytes:
        """An answer's head and body as they are sent.

        Args:
            path: of the request.
            answer: to it.
            usual: headers that the server gives every answer; the same object as long as they are the same.
            status_line: of the answer.
            more: lines at the end of the head.
        """
        if usual is not self._usual:
            self._usual, self._usual_lines = usual, lines(usual)
        if type(answer) is JsonResponse:
            own = b"%b%d%b" % (_BEFORE_LENGTH, len(answer.body), _AFTER_LENGTH)
        else:
            own = lines(answer.raw_headers)
        return b"".join((status_line, self._usual_lines, own, self._ends[path], more, b"\r\n", answer.body))
