"""What a page shows when the service cannot be asked: content that the caller keeps itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.question import Decision
from serving.rungs import Rung

Fallback = Mapping[str, Mapping[str, Any]]
"""Placement to the content to show."""


def covers(fallback: Fallback | None, placements: Sequence[str]) -> bool:
    """Whether every placement has content of its own."""
    return fallback is not None and all(name in fallback for name in placements)


def local_decisions(fallback: Fallback, placements: Sequence[str]) -> list[Decision]:
    """Answers that nobody decided: without personalization id and snapshot, so nothing can be reported of them."""
    return [
        Decision(
            placement=name,
            action="",
            content=dict(fallback[name]),
            reason="",
            propensity=1.0,
            rung=Rung.LATE,
            snapshot_version="",
            personalization_id="",
            segment_id=None,
            eligible=[],
            blocked=[],
        )
        for name in placements
    ]
