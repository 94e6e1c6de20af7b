"""Base of everything in a placement or policy file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class Section(BaseModel):
    """Immutable; unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)
