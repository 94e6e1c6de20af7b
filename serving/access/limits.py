"""How often a key may ask where it has no limits of its own, and how often anybody may guess."""

from __future__ import annotations

from typing import NamedTuple


class Limit(NamedTuple):
    """Requests a second in the long run, and how many may come at once."""

    per_second: float
    burst: float


class Limits(NamedTuple):
    """`of_key` for each key, all its callers together; `of_visitor` for each address that shows a browser's key."""

    of_key: Limit = Limit(5_000.0, 10_000.0)
    of_visitor: Limit = Limit(20.0, 100.0)


USUAL_LIMITS = Limits()
GUESSES = Limit(0.2, 20.0)
"""Wrong keys of one address: 20 at once, then one in five seconds."""
