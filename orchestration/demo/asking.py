"""Putting the questions to the service, and what came back."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from orchestration.demo.questions import Asked

TIMEOUT_SECONDS = 10.0
# Of each eight answers in a row four are shown and the rest stay decisions that nobody saw; letters are left out, since
# their placement counts as shown once it is decided. One view is reported for every tenth question.
BLOCK = 8
VIEW_EVERY = 10


@dataclass
class Answers:
    """What the service said: latencies in milliseconds, one a question, and counts."""

    milliseconds: list[float] = field(default_factory=list)
    by_rung: Counter[str] = field(default_factory=Counter)
    by_action: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_who: Counter[tuple[str, str]] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    blocked: int = 0
    exposures: int = 0
    events: int = 0

    def percentile(self, share: float) -> float:
        """Latency below which `share` (0 to 1) of the answers lie, milliseconds."""
        return float(np.quantile(self.milliseconds, share)) if self.milliseconds else 0.0


def ask(url: str, questions: Sequence[Asked]) -> Answers:
    """Ask one after the other on one connection, then report what was shown and what was done next.

    Raises:
        httpx.HTTPStatusError: the service refused a question.
    """
    answers = Answers()
    shown: list[dict[str, Any]] = []
    with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, headers=_credentials()) as client:
        for number, question in enumerate(questions):
            started = time.perf_counter()
            answer = client.post("/v1/decide", json=dict(question.body)).raise_for_status().json()
            answers.milliseconds.append((time.perf_counter() - started) * 1e3)
            decision = answer["decisions"][0]
            _count(answers, question, decision)
            if number % BLOCK < BLOCK // 2 and question.body["context"]["channel"] != "email":
                shown.append(_exposure(question, decision))
        answers.exposures = _post(client, "exposures", shown)
        answers.events = _post(client, "events", [_page_view(question) for question in questions[::VIEW_EVERY]])
    return answers


def _credentials() -> dict[str, str]:
    key = os.environ.get("CONCIERGE_API_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _count(answers: Answers, question: Asked, decision: dict[str, Any]) -> None:
    answers.by_rung[decision["rung"]] += 1
    answers.by_action[question.placement, decision["action"]] += 1
    answers.by_who[question.who, decision["rung"]] += 1
    answers.versions[decision["snapshot_version"]] += 1
    answers.blocked += len(decision["blocked"])


def _exposure(question: Asked, decision: dict[str, Any]) -> dict[str, Any]:
    return {
        "personalization_id": decision["personalization_id"],
        "placement": question.placement,
        "action": decision["action"],
        "identifiers": question.body["identifiers"],
        "channel": question.body["context"]["channel"],
    }


def _page_view(question: Asked) -> dict[str, Any]:
    context = question.body["context"]
    return {
        "event_type": "page_viewed",
        "identifiers": question.body["identifiers"],
        "page_type": context["page_type"],
        "channel": context["channel"],
        "device_type": context["device_type"],
    }


def _post(client: httpx.Client, what: str, items: list[dict[str, Any]]) -> int:
    if not items:
        return 0
    answer = client.post(f"/v1/{what}", json={what: items}).raise_for_status().json()
    return int(answer["accepted"])
