"""How far ahead a shop should look, read from how long its customers take to come back."""

from __future__ import annotations

from collections.abc import Sequence

# Thirteen weeks and their multiples: no weekday and no season is in one window more often than in the next.
HORIZONS = (91, 182, 364)
# One gap in ten may be longer than the horizon: such customers come back after having been counted as gone.
LONGER_SHARE = 0.10


def learned_horizon(gaps: int, longer: Sequence[int]) -> int:
    """The shortest horizon that at most a tenth of the gaps between two orders exceed; the longest if none does.

    Args:
        gaps: gaps between consecutive days of purchase of all customers.
        longer: how many of them exceed each of `HORIZONS`, in that order.

    Returns:
        Days; `HORIZONS[0]` for a shop that nobody has come back to yet.
    """
    if gaps == 0:
        return HORIZONS[0]
    fitting = (days for days, count in zip(HORIZONS, longer, strict=True) if count / gaps <= LONGER_SHARE)
    return next(fitting, HORIZONS[-1])
