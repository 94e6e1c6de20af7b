"""Settings of drift: when it is news, and when it is over."""

from __future__ import annotations

from pydantic import Field, model_validator

from intake.settings_section import Section as _Section


class DriftSettings(_Section):
    """Whether today looks like what the models learned from (docs/models.md)."""

    open_at: float = Field(
        default=0.25, gt=0, le=10, description="population stability index from which features, scores and mixes drift"
    )
    close_at: float = Field(default=0.15, gt=0, le=10, description="below it the drift is over")
    runs: int = Field(default=2, ge=1, le=30, description="days in a row that it takes to begin, and to end")
    loss_open_at: float = Field(
        default=0.05, gt=0, le=1, description="loss of ROC-AUC, calibration, Gini or match rate that is news"
    )
    loss_close_at: float = Field(default=0.03, gt=0, le=1, description="below it the loss is made good")

    @model_validator(mode="after")
    def _closes(self) -> DriftSettings:
        if self.close_at > self.open_at:
            raise ValueError(f"close_at: {self.close_at} is above open_at, {self.open_at}")
        if self.loss_close_at > self.loss_open_at:
            raise ValueError(f"loss_close_at: {self.loss_close_at} is above loss_open_at, {self.loss_open_at}")
        return self
