"""Recognises a clock in the wrong time zone: rows that lie the same number of half hours ahead of their arrival."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.values import Whole, flat

REASON = "wrong_zone"
FEWEST = 5
"""Rows that must agree: fewer may be chance."""

_STEP = 30 * 60 * 1_000_000
_LATENCY = 5 * 60 * 1_000_000
_FARTHEST = 26 * 3_600 * 1_000_000


class ZoneWatch:
    """How far the rows of one file that were refused as lying in the future are ahead of their arrival.

    A row arrives a little after it happened, so with a clock n half hours ahead it lies up to that little less than n
    ahead of its arrival.
    """

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._ahead: list[int] = []

    def add(self, first: int, reasons: list[str], ahead: Whole) -> None:
        """Rows that were set aside, numbered from `first`, why, and how many microseconds each lies ahead."""
        for place, reason in enumerate(reasons):
            if reason == "future_timestamp":
                self._rows.append(first + place)
                self._ahead.append(int(ahead[place]))

    def verdict(self) -> tuple[float, list[int]] | None:
        """The offset in hours that at least half of them share, and those rows; None where there is none."""
        ahead = np.array(self._ahead, dtype=np.int64)
        steps = np.rint(ahead / _STEP).astype(np.int64)
        possible = (steps > 0) & (ahead < _FARTHEST)
        near = possible & (np.abs(ahead - steps * _STEP) <= _LATENCY)
        if not near.any():
            return None
        offsets, counts = np.unique(steps[near], return_counts=True)
        best = int(offsets[np.argmax(counts)])
        agreeing = np.flatnonzero(near & (steps == best))
        if len(agreeing) < FEWEST or len(agreeing) * 2 < int(possible.sum()):
            return None
        return best / 2, [self._rows[place] for place in agreeing]


def ahead_of_arrival(events: pa.Table, rows: Whole) -> Whole:
    """Microseconds from arrival to occurrence of these events; 0 where one of the two is not known."""
    occurred, received = (flat(events.column(name).cast(pa.int64())) for name in ("occurred_at", "received_at"))
    ahead = pc.fill_null(pc.subtract(occurred, received), 0).to_numpy(zero_copy_only=False)
    return np.asarray(ahead[rows], dtype=np.int64)


def reason_of(hours: float) -> str:
    """What is said of rows that lie so many hours ahead (or behind), e.g. `wrong_zone:+2h`."""
    return f"{REASON}:{hours:+g}h"
