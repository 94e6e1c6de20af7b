"""What a snapshot knows of segments: which of them a visit under way can move, and by which figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import msgspec

from serving.row_condition import Part, RowConditionError, columns_of, compiled

KEY: Final = b"segments"
"""Key of the definitions among a snapshot's contents."""
ORDERS, SECONDS, CART_ADDS = "orders", "seconds", "cart_adds"
# Column without its window to the session feature that counts the same events; a visit is one session.
COUNTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "orders": ORDERS,
        "sessions": SECONDS,
        "page_views": "page_views",
        "product_views": "product_views",
        "searches": "searches",
        "filters": "filters",
        "cart_adds": CART_ADDS,
        "cart_removes": "cart_removes",
        "checkouts_started": "checkouts",
        "size_guide_opens": "size_guide_opens",
        "reviews_read": "reviews_read",
        "logins": "logins",
    }
)
# Every one reaches back a week at least, so that all of a visit lies within it.
WINDOWS: Final = frozenset({"7d", "30d", "90d", "91d", "365d", "lifetime"})
RECENCY, LIFECYCLE, INTENT = "recency_days", "lifecycle", "intent"


def counted_by(column: str) -> str | None:
    """The session feature that counts the same events as a column; None for another column."""
    name, _, window = column.rpartition("_")
    return COUNTED.get(name) if window in WINDOWS else None


def is_live(column: str) -> bool:
    """Whether a visit under way keeps a column of a condition fresh."""
    return column in (RECENCY, LIFECYCLE, INTENT) or counted_by(column) is not None


@dataclass(frozen=True)
class SegmentDefinitions:
    """Conditions (`serving/row_condition.py`) by name of the segments that a visit can move, and the micro-segments
    that are large enough to act on."""

    conditions: Mapping[str, list[Any]] = field(default_factory=dict)
    large: frozenset[str] = frozenset()

    def encoded(self) -> bytes:
        """As a snapshot holds it."""
        return msgspec.json.encode({"conditions": dict(sorted(self.conditions.items())), "large": sorted(self.large)})

    @classmethod
    def decoded(cls, content: bytes) -> SegmentDefinitions:
        """What `encoded` gave, checked.

        Raises:
            RowConditionError: it cannot be read, or reads what no visit keeps fresh.
        """
        try:
            body = msgspec.json.decode(content)
            found = cls(dict(body["conditions"]), frozenset(map(str, body["large"])))
        except (ValueError, KeyError, TypeError) as error:
            raise RowConditionError(f"segments cannot be read: {type(error).__name__}") from error
        for name, _, _ in found.judges:
            stale = sorted(column for column in columns_of(found.conditions[name]) if not is_live(column))
            if stale:
                raise RowConditionError(f"segment {name}: no visit keeps {', '.join(stale)} fresh")
        return found

    @cached_property
    def judges(self) -> list[tuple[str, frozenset[str], Part]]:
        """By name: the columns that a condition reads, and the condition as a function."""
        return [(name, columns_of(tree), compiled(tree)) for name, tree in sorted(self.conditions.items())]

    @cached_property
    def columns(self) -> frozenset[str]:
        """Columns that conditions read."""
        return frozenset[str]().union(*(columns for _, columns, _ in self.judges))

    @cached_property
    def session_features(self) -> frozenset[str]:
        """Session features that move conditions and intent."""
        moving = {feature for column in self.columns if (feature := counted_by(column)) is not None}
        return frozenset({ORDERS, SECONDS, CART_ADDS, *moving})
