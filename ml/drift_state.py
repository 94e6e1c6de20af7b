"""Hysteresis: drift that comes and goes around a threshold is one episode, and a single odd run is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Thresholds:
    """Opens once `runs` readings in a row are at least `open_at`, closes once `runs` in a row are below `close_at`."""

    open_at: float
    close_at: float
    runs: int

    def __post_init__(self) -> None:
        """Refuse thresholds that would never close."""
        if self.close_at > self.open_at:
            raise ValueError(f"close_at: {self.close_at} is above open_at, {self.open_at}")
        if self.runs < 1:
            raise ValueError(f"runs: {self.runs}; at least 1 is needed")


class Standing(NamedTuple):
    """Where a series of readings stands.

    Attributes:
        is_open: an episode stands.
        since: place of the reading that opened it; None while none stands.
        streak: readings in a row that count towards the other state.
    """

    is_open: bool
    since: int | None
    streak: int


def standing(readings: Sequence[float], thresholds: Thresholds) -> Standing:
    """Follow readings, oldest first; a pure function of them, so a run done again changes nothing."""
    is_open, since, streak = False, None, 0
    for place, value in enumerate(readings):
        counts = value < thresholds.close_at if is_open else value >= thresholds.open_at
        streak = streak + 1 if counts else 0
        if streak >= thresholds.runs:
            is_open, streak = not is_open, 0
            since = place if is_open else None
    return Standing(is_open, since, streak)
