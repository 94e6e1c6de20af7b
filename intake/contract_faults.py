"""The words of a contract about what is wrong with a source: clocks, repeats, other notations of numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from intake.contract_terms import Part
from intake.event import EVENT_FIELDS


class SourceClock(Part):
    """How the source's clock goes wrong. Where `occurred_at` is corrected, the original stays in the properties."""

    sent_at: str | None = Field(
        default=None,
        description="column with the sender's time of sending: occurred_at = received_at - (sent_at - occurred_at)",
    )
    hours_ahead: float | None = Field(
        default=None, ge=-26, le=26, description="the clock is so many hours ahead of UTC or of time_zone; put back"
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.sent_at is None) == (self.hours_ahead is None):
            raise ValueError("needs exactly one of sent_at, hours_ahead")
        return self


class Repeats(Part):
    """Events that say the same again within a window, as a page that is loaded twice, count as duplicates."""

    window: timedelta = Field(description="e.g. PT5S; PT0S switches it off")
    by: tuple[str, ...] = Field(
        default=("page_url", "product_id", "query"),
        description="event fields that must agree, beside event type and identifiers",
    )
    event_types: tuple[str, ...] = Field(default=(), description="only these; all but orders, refunds and consent")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if not timedelta(0) <= self.window <= timedelta(days=1):
            raise ValueError("window must be between PT0S and P1D")
        unknown = sorted(set(self.by) - set(EVENT_FIELDS))
        if unknown:
            raise ValueError(f"by: {unknown[0]!r} is not an event field")
        return self


class NumberStyle(Part):
    """How numbers are written in text. Currency signs and codes around them are taken off."""

    decimal: str = Field(default=".", pattern=r"^[.,]$", description="the decimal mark, . or ,")
    thousands: str = Field(
        default="", pattern="^[., '\u2019\u00a0\u202f]?$", description="between groups of three digits"
    )

    @model_validator(mode="after")
    def _two_marks(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must be different marks")
        return self
