"""Records of automatic pauses: looks, what was made of them, and what stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Verdict = Literal["breach", "between", "healthy", "silent"]
Step = Literal["pause", "resume"]
BY_HAND = "by_hand"
"""The cause of what a person paused or resumed."""
ARM = "arm:"
"""Scope of one arm of an experiment: `arm:<experiment>/<version>/<arm>`."""


def arm_scope(experiment: str, version: int, arm: str) -> str:
    """The scope under which one arm is paused."""
    return f"{ARM}{experiment}/{version}/{arm}"


def is_arm(scope: str) -> bool:
    """Whether a scope names an arm: experiment, version (a number) and arm."""
    parts = scope.removeprefix(ARM).split("/", 2)
    return scope.startswith(ARM) and len(parts) == 3 and all(parts) and parts[1].isdigit()


@dataclass(frozen=True)
class Look:
    """One judgement of a surface (`all`, a placement, or an arm's scope) for one cause.

    `breach` is beyond the bound, `healthy` is better than it by the margin, `between` is neither, and `silent` tells
    nothing (too little seen). `told` is a sentence for people; `evidence` has the figures. `subjects` names what it is
    about (an experiment, a snapshot's version): what was resumed by hand is left alone only while these are the same.
    """

    surface: str
    cause: str
    verdict: Verdict
    told: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class PauseEvent:
    """One row of `guardrail_event`. `until` of a resumption by hand is the end of its grace."""

    event_id: int
    surface: str
    kind: Step
    cause: str
    at: datetime
    actor: str
    until: datetime | None
    reason: str
    evidence: Mapping[str, Any]

    @property
    def happened_at(self) -> datetime:
        """`at` as the exported table calls it, where `at` is a word of the language."""
        return self.at

    @property
    def subjects(self) -> frozenset[str]:
        """What the evidence was about."""
        return frozenset(self.evidence.get("subjects", ()))


@dataclass(frozen=True)
class Streak:
    """Looks in a row, so far: beyond the bound, and healthy; and the last of them."""

    breaches: int = 0
    healthy: int = 0
    look: Look | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """How one surface stands for one cause: the last event, the streak, and resumptions by itself within a day."""

    last: PauseEvent | None = None
    streak: Streak = Streak()
    resumed_today: int = 0

    @property
    def is_paused(self) -> bool:
        """Whether this cause pauses this surface now."""
        return self.last is not None and self.last.kind == "pause"
