"""The `matching` part of a contract: which columns tell who a person is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

ROLES: Final = (
    "given_name", "family_name", "full_name", "street_address", "city", "postal_code", "region", "country", "email",
    "phone", "birth_date",
)  # fmt: skip
"""What a column can mean to identity matching; also the names of the vault's clear columns."""


def _one_or_several(value: object) -> object:
    return [value] if isinstance(value, str) else value or ()


Columns = Annotated[tuple[str, ...], BeforeValidator(_one_or_several)]
"""Source columns, joined by a space."""


class Matching(BaseModel):
    """Source columns by role; every column named here is personal data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    given_name: Columns = ()
    family_name: Columns = ()
    full_name: Columns = Field(default=(), description="where given and family name share a column")
    street_address: Columns = Field(default=(), description="e.g. [house_number, street, flat]")
    city: Columns = ()
    postal_code: Columns = ()
    region: Columns = ()
    country: Columns = ()
    email: Columns = ()
    phone: Columns = ()
    birth_date: Columns = ()
    birth_date_format: str | None = Field(default=None, description="strptime format; without it ISO, then others")

    @model_validator(mode="after")
    def _has_a_role(self) -> Self:
        if not any(names for _, names in self.roles()):
            raise ValueError(f"needs at least one of {', '.join(ROLES)}")
        return self

    def roles(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each role with its columns, unused ones with none."""
        return ((role, getattr(self, role)) for role in ROLES)

    def columns(self) -> tuple[str, ...]:
        """Every source column with a role, each once."""
        return tuple(dict.fromkeys(name for _, names in self.roles() for name in names))
