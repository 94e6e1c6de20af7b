"""A run that ended, whoever started it: what the objectives need to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

PUBLISHING_STEP = "serving__snapshot"
Pace = Literal["hourly", "daily", "other"]


@dataclass(frozen=True)
class FinishedRun:
    """A run's moment, end (project time), seconds a step, which objective its length falls under, and what failed."""

    as_of: datetime
    finished_at: datetime
    stages: Mapping[str, float] = field(default_factory=dict)
    pace: Pace = "other"
    failed_steps: frozenset[str] = frozenset()

    @property
    def seconds(self) -> float:
        """Sum of the steps, seconds."""
        return sum(self.stages.values())


def pace_of(stages: Mapping[str, float], *, trained: bool = False) -> Pace:
    """A run that makes a snapshot is a daily one, one without is hourly; training and empty runs are neither."""
    if not stages or trained:
        return "other"
    return "daily" if any(PUBLISHING_STEP in name or "/snapshot" in name for name in stages) else "hourly"
