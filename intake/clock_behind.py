"""Tells a clock that is behind from late arrival: its rows lie the same number of half hours behind, no others."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from intake.values import Mask, Whole

FEWEST_ROWS, FEWEST_MINUTES = 10, 10
"""Rows that must agree, and minutes of the day they must come from: a nightly export of days lags by one and the same
too, and is no clock."""
LEAST_SHARE = 0.9
"""Of all rows that arrived late. Those of devices that were offline lag by any time, a sixth of them by chance near a
half hour: in the demo 766 of 5,017."""

_MINUTE = 60 * 1_000_000
_STEP = 30 * _MINUTE
_LATENCY = 5 * _MINUTE
_FARTHEST = 14 * 60 * _MINUTE
_DAY = 24 * 60 * _MINUTE


class LagWatch:
    """How long after they happened the accepted rows of one file arrived."""

    def __init__(self) -> None:
        self._late = 0
        self._rows: Counter[int] = Counter()
        self._minutes: defaultdict[int, set[int]] = defaultdict(set)

    def add(self, occurred: Whole, lag: Whole, rows: Whole) -> None:
        """Events that came in: when they happened, their lag (microseconds both), and how many rows each holds."""
        self._late += int(rows[lag > _LATENCY].sum())
        steps = lag // _STEP
        near: Mask = (steps > 0) & (lag - steps * _STEP <= _LATENCY) & (lag <= _FARTHEST + _LATENCY)
        for step in np.unique(steps[near]).tolist():
            mine = near & (steps == step)
            self._rows[step] += int(rows[mine].sum())
            self._minutes[step].update(np.unique(occurred[mine] % _DAY // _MINUTE).tolist())

    def verdict(self) -> tuple[float, int] | None:
        """By how many hours nearly all late rows are behind, and how many they are; None where they scatter."""
        if not self._rows:
            return None
        step, rows = self._rows.most_common(1)[0]
        scattered = rows < LEAST_SHARE * self._late
        if rows < FEWEST_ROWS or len(self._minutes[step]) < FEWEST_MINUTES or scattered:
            return None
        return step / 2, rows
