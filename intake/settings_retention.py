"""The section `retention` of `settings.yml`: for how many days each store keeps things."""

from __future__ import annotations

from pydantic import Field

from intake.settings_section import Section

_LONGEST = 36_500


class RetentionSettings(Section):
    """Days that stores keep things; null keeps them. The daily run and `concierge retention` enforce it."""

    lake_days: int | None = Field(default=None, ge=1, le=_LONGEST, description="events, by the day they occurred")
    vault_days: int | None = Field(default=None, ge=1, le=_LONGEST, description="personal data in clear, by arrival")
    quarantine_days: int | None = Field(default=None, ge=1, le=_LONGEST, description="rows set aside, by their batch")
    service_log_days: int | None = Field(
        default=None, ge=1, le=_LONGEST, description="closed segments that were taken in"
    )
    published_days: int | None = Field(default=None, ge=1, le=_LONGEST, description="exports but the current one")
    snapshots_days: int | None = Field(default=None, ge=1, le=_LONGEST, description="versions but the live one")
    replay_days: int | None = Field(
        default=400, ge=1, le=_LONGEST, description="what decisions read of snapshots that are gone"
    )
    models_days: int | None = Field(default=None, ge=1, le=_LONGEST, description="retired versions")
    alerts_days: int | None = Field(default=None, ge=1, le=_LONGEST, description="resolved alerts, by their resolution")
    data_docs_days: int | None = Field(default=None, ge=1, le=_LONGEST, description="rendered results of checks")
    runs_days: int | None = Field(default=None, ge=1, le=_LONGEST, description="history of finished runs")
