"""How long a decision may take: what the request says, else the settings."""

from __future__ import annotations

from starlette.requests import Request

from serving.http.deciding import Budget
from serving.http.problems import refuse
from serving.http.reception import received_at, waiting_in
from serving.service import Service

HEADER = "X-Concierge-Deadline-Ms"
_HEADER_BYTES = HEADER.lower().encode()
_LONGEST_MS = 60_000.0


def budget_of(service: Service, request: Request, stated_ms: float | None) -> Budget:
    """Counted from the last byte of the request; the body's word goes before the header's.

    Raises:
        Problem: 422 for a header that is no number of milliseconds.
    """
    if stated_ms is None:
        given = [value for name, value in request.scope["headers"] if name == _HEADER_BYTES]
        stated_ms = _milliseconds(given[0].decode("latin-1")) if given else None
    milliseconds = service.config.deadline_ms if stated_ms is None else stated_ms
    crowded = waiting_in(request.scope) > service.config.queue_limit
    return Budget(received_at(request.scope) + milliseconds / 1e3, crowded)


def _milliseconds(given: str) -> float:
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _LONGEST_MS:
        message = "The deadline must be a number of milliseconds."
        bound = f">= 0 and <= {_LONGEST_MS:g}"
        raise refuse(422, "wrong_field", message, field=HEADER, value=given[:100], bound=bound)
    return value
