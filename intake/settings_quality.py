"""`settings.yml`: what data quality is measured against, who is told, and what was promised."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from intake.settings_section import Section

KINDS = (
    "silent", "duplicates", "clock", "volume_low", "volume_high", "amounts", "nulls", "mix", "categories", "orphans",
)  # fmt: skip
"""What the watch over a source's days can find."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class QualitySettings(Section):
    """Data-quality bounds. Each is a floor: a source whose own days scatter more is given more room."""

    minimum_match_rate: float = Field(
        default=0.60, ge=0, le=1, description="share of people's events tied to a known customer; lower opens an alert"
    )
    match_rate_jump: float = Field(
        default=0.05, ge=0, le=1, description="a source's match rate this far from the week before opens an alert"
    )
    watch_days: int = Field(default=7, ge=1, le=60, description="complete days that each run judges, back from now")
    history_weeks: int = Field(default=8, ge=3, le=26, description="same weekdays that a day is compared with, at most")
    minimum_weeks: int = Field(default=3, ge=2, le=26, description="with fewer, volume is not judged")
    minimum_history_days: int = Field(
        default=14,
        ge=7,
        le=180,
        description="with fewer days, mix, amounts, empty fields and clocks are not judged; but for clocks, six"
        " that span twice as many will do",
    )
    minimum_events: int = Field(default=20, ge=5, le=100_000, description="expected a day; fewer are not judged")
    volume_factor: float = Field(default=1.5, ge=1.1, le=100, description="times more or less events than expected")
    mix_index: float = Field(
        default=0.25, ge=0.05, le=10, description="population stability index of types, categories or amounts"
    )
    share_change: float = Field(
        default=0.05, ge=0.001, le=1, description="rise of the share of empty fields, repeated rows or orphans"
    )
    stale_after_hours: float = Field(
        default=36, ge=1, le=8760, description="a source may at least be quiet so long; more where its rhythm is slower"
    )
    freshness_hours: dict[str, float] = Field(
        default={}, description="by source, how long it may be quiet, instead of the rhythm that is learned"
    )
    quiet_days: list[date] = Field(default=[], description="holidays: days neither judged nor compared with")
    ignore: dict[str, list[str]] = Field(
        default={}, description=f"by source (`*` is all), what is not reported: {', '.join(KINDS)}"
    )

    @field_validator("freshness_hours")
    @classmethod
    def _positive(cls, value: dict[str, float]) -> dict[str, float]:
        for source, hours in value.items():
            if not 0 < hours <= 87_600:
                raise ValueError(f"{source}: {hours} hours is not above 0 and at most 87600")
        return value

    @field_validator("ignore")
    @classmethod
    def _known_kinds(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for source, kinds in value.items():
            for kind in kinds:
                if kind not in KINDS:
                    raise ValueError(f"{source}: {kind!r} is none of {', '.join(KINDS)}")
        return value


class NotifyTarget(Section):
    """One receiver of digests; an address is a secret, so it is never printed."""

    name: str = Field(min_length=1, max_length=40, pattern=r"^[\w.-]+$", description="how it is called in reports")
    url: str = Field(default="", description="Apprise address; ${NAME} stands for an environment variable")
    env: str = Field(default="", description="environment variable that holds the whole address")
    severity: Literal["info", "warning", "critical"] = Field(default="warning", description="this and above")
    sources: list[str] = Field(default=[], description="only of these sources; empty is all")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        # The address itself stays out of the message.
        if bool(self.url) == bool(self.env):
            raise ValueError(f"{self.name}: give either url or env")
        if self.env and not _VARIABLE.match(self.env):
            raise ValueError(f"{self.name}: env is the name of an environment variable")
        return self


class AlertSettings(Section):
    """Who is told of new alerts. Nobody is, unless `notify` lists somebody."""

    notify: list[NotifyTarget] = Field(
        default=[], description="receivers: `{name, url or env, severity, sources}`; url is an Apprise address"
    )
    digest_minutes: int = Field(
        default=60, ge=0, le=10_080, description="at most one message a receiver in so many minutes; 0: one a run"
    )

    @field_validator("notify")
    @classmethod
    def _names_apart(cls, value: list[NotifyTarget]) -> list[NotifyTarget]:
        # Who was told of what is kept by name: of two with the same, one would never hear anything.
        names = [target.name for target in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name}: two receivers have this name")
        return value


class SloSettings(Section):
    """What was promised (service levels): measured in each run, a breach opens an alert; null is no target."""

    freshness_hours: dict[str, float] = Field(
        default={}, description="by source, the newest row is at most so old; `*` is every other source"
    )
    event_to_profile_minutes: float | None = Field(
        default=None, gt=0, description="from a row's arrival to the end of the run that put it into a profile"
    )
    model_age_days: float | None = Field(
        default=14, gt=0, description="since the oldest model in use was trained or confirmed"
    )
    decision_p99_ms: float | None = Field(
        default=50, gt=0, description="of a day's decision requests, where the service answered some"
    )
    rollback_seconds: float | None = Field(default=60, gt=0, description="from the command to the older snapshot live")
    hourly_run_seconds: float | None = Field(default=1800, gt=0, description="of an intake and refresh of touched days")
    daily_run_minutes: float | None = Field(default=120, gt=0, description="of a run that publishes a snapshot")
