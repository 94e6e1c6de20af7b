"""Features whose effect on churn and spend has one known direction; trees may not learn the opposite from noise."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The longer the silence the worse, the more orders and spend of late the better. Lifetime sums are left out: at equal
# recent activity a longer past may mean either.
SILENCE = re.compile(r"recency_days|days_since_last_visit|process_no_purchase")
ACTIVITY = re.compile(r"(orders|spend|order_days)_\d+d|process_spend")


def activity_signs(features: Sequence[str], *, rises: bool) -> tuple[int, ...]:
    """1 where the target may only rise with the feature, -1 only fall, 0 free; `rises`: it rises with activity."""
    up = 1 if rises else -1
    return tuple(up if ACTIVITY.fullmatch(name) else -up if SILENCE.fullmatch(name) else 0 for name in features)
