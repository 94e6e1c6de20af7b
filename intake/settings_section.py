"""What all sections of `settings.yml` have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section: unknown fields are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
