"""Settings of off-policy evaluation: what a changed policy has to show on logged traffic before it is published."""

from __future__ import annotations

from pydantic import Field

from intake.settings_section import Section as _Section


class OffPolicySettings(_Section):
    """Whether and how candidates are judged on what was logged (docs/learning.md)."""

    required: bool = Field(
        default=False,
        description="changed files of a placement are published only when logged traffic speaks for them",
    )
    placements: list[str] = Field(
        default=[],
        description="placements that this holds for, explored or not; empty: every one whose traffic was explored",
    )
    days: int = Field(default=28, ge=1, le=3_660, description="logged traffic reaches so far back")
    window_hours: int = Field(
        default=168, ge=1, le=8_760, description="what follows an exposure within it counts; younger ones are left out"
    )
    valid_days: int = Field(default=7, ge=0, le=90, description="a judgement of the same files counts so long")
    least_effective: float = Field(default=1_000, ge=10, le=1e9, description="effective sample size that is needed")
    least_effective_share: float = Field(default=0.05, ge=0, le=1, description="and as a share of the exposures")
    least_difference: float = Field(
        default=-0.02,
        ge=-1,
        le=1,
        description="lower bound of candidate less log that is needed, as a share of the log",
    )
    most_exposures: int = Field(
        default=200_000, ge=1_000, le=100_000_000, description="more are thinned by person, since each is asked again"
    )
