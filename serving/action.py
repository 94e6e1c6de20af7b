"""Actions: the things that can be shown, what they give away, cost, and when they run."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from serving.section import Name, Section
from serving.strategy import Asking, Cap

IncentiveKind = Literal["none", "free_shipping", "free_returns", "free_gift", "percent_off", "amount_off"]
Filling = Literal["evidence", "matching_review", "delivery_promise"]
Task = Literal["bought_together", "buy_again", "discovery", "popular"]


class Incentive(Section):
    """What an action gives away. `value` is a share (0 to 1) for percent_off, else an amount in the shop's currency."""

    kind: IncentiveKind = "none"
    value: float = Field(default=0.0, ge=0, le=10_000)

    @model_validator(mode="after")
    def _value_fits_kind(self) -> Self:
        if self.kind == "percent_off" and not 0 < self.value <= 1:
            raise ValueError(f"value: {self.value} of percent_off must be a share above 0 and at most 1")
        if self.kind == "none" and self.value != 0:
            raise ValueError(f"value: {self.value} without a kind; allowed kinds: free_shipping, free_gift, …")
        return self


class Action(Section):
    """One thing that can be shown."""

    name: Name
    type: Name = Field(description="banner, letter, coupon, recipe, gift, recommendation, incentive, none, …")
    content: dict[str, Any] = Field(default_factory=dict, description="handed to the caller as it stands")
    reason: str = Field(default="", max_length=200, description="customer-readable sentence when the segment chose it")
    incentive: Incentive = Incentive()
    cost: float = Field(default=0.0, ge=0, le=1e6, description="cost of showing it once, in the shop's currency")
    margin_effect: float | None = Field(
        default=None, ge=-1e6, le=1e6, description="declared change of margin by showing it once, until it is measured"
    )
    tags: dict[str, str] = Field(default_factory=dict, description="`category` ties an action to a department")
    task: Task | None = Field(default=None, description="the recommendation list this action shows")
    fill: Filling | None = Field(default=None, description="what of the product or place is put into the content")
    channels: list[str] = Field(default_factory=list, description="empty: every channel of the placement")
    caps: list[Cap] = Field(default_factory=list, description="how often one person may be shown it")
    ask: Asking | None = Field(default=None, description="the question it asks; with type question")
    starts_at: AwareDatetime | None = Field(default=None, description="with its time zone; it runs from here")
    ends_at: AwareDatetime | None = Field(default=None, description="with its time zone; it runs until before here")

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        start, end = self.starts_at, self.ends_at
        if start is not None and end is not None and end <= start:
            raise ValueError(f"ends_at: {end.isoformat()} must lie after starts_at {start.isoformat()}")
        if (self.type == "question") != (self.ask is not None):
            raise ValueError("type question and `ask` belong together: one is there without the other")
        return self

    @property
    def is_harmless(self) -> bool:
        """Whether it may be shown to everybody at any time: it gives nothing away, needs nothing and never ends."""
        gives = self.incentive.kind != "none" or self.task is not None
        needs = self.ask is not None or self.fill is not None
        return not (gives or needs or self.caps or self.starts_at or self.ends_at)

    def runs_at(self, now: datetime) -> bool:
        """Whether `now` (aware) lies in [starts_at, ends_at)."""
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)
