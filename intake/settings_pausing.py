"""`settings.yml`: when a surface stops personalizing by itself, and how it starts again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from intake.settings_section import Section

CAUSES = (
    "match_rate", "stale_snapshot", "decision_p99", "drift", "sample_ratio", "identity_conflicts", "guard_rail",
    "zero_conversions", "fallback_rate", "error_rate",
)  # fmt: skip
"""What a surface can be paused for by itself."""
Resume = Literal["manual", "automatic"]


class PausingSettings(Section):
    """Automatic pauses. A cause whose bound is null (or empty) pauses nothing; names of causes are `match_rate`,
    `stale_snapshot`, `decision_p99`, `drift`, `sample_ratio`, `identity_conflicts`, `guard_rail`, `zero_conversions`,
    `fallback_rate` and `error_rate`."""

    enabled: bool = Field(default=True, description="false: nothing is paused by itself; pauses in force stay")
    tick_seconds: float = Field(
        default=2.0, ge=0.1, le=60, description="the service looks so often; a pause is in force within one tick"
    )
    match_rate_below: float | None = Field(
        default=0.60, ge=0, le=1, description="share of the last days' events that are tied to a known customer"
    )
    match_rate_days: int = Field(default=7, ge=1, le=90, description="so many days, today's not counted")
    match_rate_least_events: int = Field(default=1_000, ge=1, le=10**9, description="with fewer it is not judged")
    snapshot_hours: float | None = Field(
        default=48.0, gt=0, le=8_760, description="age of the evidence in the live snapshot"
    )
    decision_p99_ms: float | None = Field(
        default=250.0, gt=0, le=60_000, description="99 of 100 decisions of the window took at most so long"
    )
    fallback_above: float | None = Field(
        default=0.5, gt=0, le=1, description="share of a placement's decisions in the window on the rung fallback"
    )
    errors_above: float | None = Field(
        default=0.02, gt=0, le=1, description="share of a placement's decisions in the window that failed"
    )
    window_minutes: float = Field(
        default=5.0, ge=0.1, le=1_440, description="decisions of so many minutes are looked at together"
    )
    least_decisions: int = Field(
        default=500, ge=1, le=10**9, description="with fewer in the window, p99 and fallbacks are not judged"
    )
    least_errors: int = Field(default=5, ge=1, le=10**6, description="fewer failed decisions are no evidence")
    drift: list[Literal["features", "scores", "performance", "segments", "traffic", "identity"]] = Field(
        default=["scores", "performance"], description="kinds of standing drift that pause; [] is none"
    )
    sample_ratio_p: float | None = Field(
        default=0.001, gt=0, le=0.5, description="an experiment's sequential sample-ratio test below it"
    )
    identity_conflicts_above: float | None = Field(
        default=0.01, ge=0, le=1, description="share of an experiment's people who saw two arms"
    )
    identity_least_units: int = Field(default=100, ge=1, le=10**9, description="with fewer it is not judged")
    harm: float | None = Field(
        default=-0.02,
        gt=-1,
        lt=0,
        description="relative change of a guard rail, or of an arm's margin, complaints or returns, that is harm once "
        "the whole confidence sequence lies below it",
    )
    conversions_due: float | None = Field(default=20.0, ge=1, le=10**6, description="none came where so many were due")
    conversion_days: int = Field(default=28, ge=1, le=365, description="the usual rate is that of so many days before")
    conversion_wait_hours: float = Field(
        default=24.0, ge=0, le=720, description="exposures younger than that are not yet due"
    )
    looks: dict[str, int] = Field(
        default={}, description="by cause, looks in a row beyond the bound until it pauses; 1 where not named"
    )
    margin: float = Field(
        default=0.1, ge=0, le=0.9, description="a look is healthy only if it is better than the bound by this share"
    )
    resume: dict[str, Resume] = Field(
        default={}, description="by cause, `automatic` or `manual`; manual where not named"
    )
    healthy_looks: dict[str, int] = Field(
        default={}, description="by cause, healthy looks in a row until it resumes by itself; 5 where not named"
    )
    most_resumes_a_day: int = Field(
        default=3, ge=0, le=100, description="of one surface and cause by themselves; then by hand"
    )
    grace_hours: float = Field(
        default=24.0, ge=0, le=8_760, description="resumed by hand, it is not paused again for the same so long"
    )

    @field_validator("looks", "healthy_looks", "resume")
    @classmethod
    def _known_causes(cls, value: dict[str, object]) -> dict[str, object]:
        for cause, count in value.items():
            if cause not in CAUSES:
                raise ValueError(f"{cause!r} is none of {', '.join(CAUSES)}")
            if isinstance(count, int) and not 1 <= count <= 1_000_000:
                raise ValueError(f"{cause}: {count} is not between 1 and 1000000")
        return value
