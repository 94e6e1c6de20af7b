"""What a reply says: the answer asked for, a refusal, or that asking again may help."""

from __future__ import annotations

from typing import Any, TypeVar

import httpx
import msgspec

Answer = TypeVar("Answer", bound=msgspec.Struct)
_RETRIED = frozenset({429, 502, 503, 504})
_FIRST_PAUSE_SECONDS = 0.05


class ServiceRefusalError(Exception):
    """The service refused; `status`, `code`, and for a wrong body `field`."""

    def __init__(self, status: int, body: bytes) -> None:
        error = _error_of(body)
        self.status = status
        self.code = str(error.get("code", "unknown"))
        self.field = error.get("field")
        place = f"{self.field}: " if self.field else ""
        super().__init__(f"{status} {self.code}: {place}{error.get('message', 'no message')}")

    @property
    def is_passing(self) -> bool:
        """Whether it was the service's state that refused (busy, starting, failing) and not the request."""
        return self.status in _RETRIED or self.status >= 500


def may_pass(response: httpx.Response) -> bool:
    """Whether the same request may be answered a moment later."""
    return response.status_code in _RETRIED


def pause_before(attempt: int) -> float:
    """Seconds to wait before attempt 2, 3, …: 0.05, doubled each time."""
    return float(_FIRST_PAUSE_SECONDS * 2 ** (attempt - 2))


def read(response: httpx.Response, kind: type[Answer]) -> Answer:
    """The decoded answer.

    Raises:
        ServiceRefusalError: it is none.
    """
    if response.is_success:
        return msgspec.json.decode(response.content, type=kind)
    raise ServiceRefusalError(response.status_code, response.content)


def _error_of(body: bytes) -> dict[str, Any]:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    error = decoded.get("error") if isinstance(decoded, dict) else None
    return error if isinstance(error, dict) else {}
