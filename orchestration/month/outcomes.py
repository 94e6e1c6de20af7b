"""What shoppers do later, as events that wait for their hour."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulation.month.responses import Responses


@dataclass(frozen=True)
class Shopping:
    """One visit as its events name it: when, who, in which session, and the answer that its banner had."""

    at: datetime
    number: int
    session_id: str
    identifiers: list[dict[str, str]]
    personalization_id: str
    product_id: str


@dataclass
class Waiting:
    """Events by the moment in which they happen; `told` counts those that were handed out, by type."""

    told: Counter[str] = field(default_factory=Counter)
    _queue: list[tuple[datetime, int, dict[str, Any]]] = field(default_factory=list)
    _count: int = 0

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, at: datetime, event_type: str, visit: Shopping, **fields: Any) -> None:
        """Let an event happen at `at`."""
        event = {
            "event_type": event_type,
            "event_id": f"m-{visit.session_id}-{event_type}",
            "occurred_at": at.isoformat(),
            "channel": "web",
            "identifiers": visit.identifiers,
            **fields,
        }
        self._count += 1
        heapq.heappush(self._queue, (at, self._count, event))

    def due(self, until: datetime) -> list[dict[str, Any]]:
        """Events that happen before `until`, in order of time; they wait no longer."""
        found = []
        while self._queue and self._queue[0][0] < until:
            found.append(heapq.heappop(self._queue)[2])
        self.told.update(event["event_type"] for event in found)
        return found


def schedule(waiting: Waiting, visit: Shopping, responses: Responses, at: int) -> None:
    """Put what follows the visit at place `at` of the responses into the queue.

    An order in the same visit names the answer that it followed, as a shop's page can; a later one names nothing.
    """
    here = {"session_id": visit.session_id, "personalization_id": visit.personalization_id}
    if responses.clicked[at]:
        waiting.add(visit.at + timedelta(seconds=20), "content_clicked", visit, **here)
    if responses.complained[at]:
        complained = visit.at + timedelta(seconds=float(responses.complaint_delay_s[at]))
        named = {"personalization_id": visit.personalization_id, "properties": {"topic": "complaint"}}
        waiting.add(complained, "complaint_made", visit, **named)
    if responses.ordered[at]:
        _schedule_order(waiting, visit, responses, at, here if responses.in_visit[at] else {})


def _schedule_order(waiting: Waiting, visit: Shopping, responses: Responses, at: int, here: dict[str, str]) -> None:
    amount, order_id = float(responses.amount[at]), f"month-{visit.number}"
    ordered = visit.at + timedelta(seconds=float(responses.order_delay_s[at]))
    line = {"product_id": visit.product_id, "quantity": 1, "amount": amount, "list_amount": amount}
    properties = {"margin_amount": float(responses.margin[at]), "lines": [line]}
    order = {"order_id": order_id, "currency": "USD"}
    waiting.add(ordered, "order_completed", visit, amount=amount, properties=properties, **order, **here)
    if responses.returned[at]:
        back = ordered + timedelta(seconds=float(responses.return_delay_s[at]))
        lost = {"margin_amount": round(float(responses.lost[at]), 2), "lines": [line]}
        waiting.add(back, "return_received", visit, order_id=order_id)
        waiting.add(back + timedelta(minutes=5), "order_refunded", visit, amount=amount, properties=lost, **order)
