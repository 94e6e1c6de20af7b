"""What a worker's connections share: how long a request may take to arrive, and how many wait for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from starlette.types import Scope

from serving.http.at_once import AtOnce

NAME = "reception"
RECEIVED = "received"


@dataclass
class Reception:
    """`waiting` counts requests that arrived whole and have not been answered yet; without `at_once` the framework
    answers them all."""

    body_seconds: float = 20.0
    max_connections: int = 20_000
    waiting: int = 0
    at_once: AtOnce | None = None


def received_at(scope: Scope) -> float:
    """When the last byte of the request was here (`perf_counter`); now, where the server does not tell."""
    at: float = scope.get(RECEIVED, 0.0)
    return at or perf_counter()


def waiting_in(scope: Scope) -> int:
    """How many requests wait with this one."""
    state: dict[str, Any] = scope.get("state") or {}
    reception = state.get(NAME)
    return reception.waiting if isinstance(reception, Reception) else 0
