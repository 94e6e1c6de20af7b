"""What about an item draws the clicks of people like this one, as the click model found beyond noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

KEY: Final = b"clicks"
"""Key of the drivers among a snapshot's contents."""
EVERYBODY: Final = "everybody"


class ClickEvidence(msgspec.Struct, frozen=True):
    """The attribute of items that moves clicks most (fit, colour, brand, price_band or category), and of whose clicks:
    a segment's id, or everybody."""

    attribute: str
    of: str


@dataclass(frozen=True)
class ClickDrivers:
    """The strongest attribute beyond noise by segment id as text, and of everybody; whoever has none is left out."""

    by_segment: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """As a snapshot holds it."""
        return msgspec.json.encode(dict(sorted(self.by_segment.items())))

    @classmethod
    def decoded(cls, content: bytes) -> ClickDrivers:
        """What `encoded` gave.

        Raises:
            msgspec.DecodeError: it is something else.
        """
        return cls(msgspec.json.decode(content, type=dict[str, str]))

    def of(self, segment_id: int | None) -> ClickEvidence | None:
        """Of a person's segment, else of everybody; None where nothing is beyond noise."""
        for segment in (str(segment_id), EVERYBODY):
            if segment in self.by_segment:
                return ClickEvidence(self.by_segment[segment], segment)
        return None
