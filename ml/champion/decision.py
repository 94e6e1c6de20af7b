"""What becomes of a version that was just trained: it serves, or it stands in the shadow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ml.champion.verdict import Gain, Verdict

Kind = Literal["better", "fresh", "kept"]


@dataclass(frozen=True)
class Limits:
    """When a challenger may replace the champion.

    Attributes:
        segment_margin: share of the champion's figure by which a segment may get worse.
        fresh_days: age of the champion from which an equal challenger takes its place.
    """

    segment_margin: float
    fresh_days: float


@dataclass(frozen=True)
class Decision:
    """`serves`, and in a sentence why."""

    kind: Kind
    why: str

    @property
    def serves(self) -> bool:
        """Whether the new version becomes champion."""
        return self.kind != "kept"


def decide(verdict: Verdict, champion_age_days: float, limits: Limits) -> Decision:
    """Better beyond noise by one measure and worse by none, in no segment materially; or equal and the champion old.

    A model that is never worse must not serve for ever: it learned from another season.
    """
    harmed = verdict.worse_segments(limits.segment_margin)
    if verdict.worse:
        return Decision("kept", f"worse beyond noise: {_said(verdict.worse)}")
    if harmed:
        return Decision("kept", f"a segment gets worse: {_said(harmed)}")
    if verdict.better:
        return Decision("better", f"better beyond noise: {_said(verdict.better)}")
    level = f"no different beyond noise: {_said(verdict.overall) or 'nothing to compare'}"
    if champion_age_days >= limits.fresh_days:
        return Decision("fresh", f"{level}; the champion is {champion_age_days:.0f} days old, so the new one serves")
    return Decision("kept", f"{level}; the champion is {champion_age_days:.0f} of {limits.fresh_days:.0f} days old")


def _said(gains: tuple[Gain, ...]) -> str:
    return "; ".join(gain.said() for gain in gains)
