"""What holds for people who have said nothing: the regime of their country or region, from `config/consent.yml`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from intake.config_file import read_config
from intake.purposes import PURPOSES, Asked

Regime = Literal["opt_in", "opt_out"]
ByPurpose = dict[Asked, Regime]

# As laws commonly have it where nothing stricter holds: counting and adapting unless refused, contact only when asked.
USUAL: dict[Asked, Regime] = {"analytics": "opt_out", "personalization": "opt_out"}


class RegimeRow(NamedTuple):
    """The regime of a place, in capitals; an empty region is the whole country, an empty country everywhere else."""

    country: str
    region: str
    purpose: str
    regime: Regime


def _for_all(value: object) -> object:
    return dict.fromkeys(PURPOSES, value) if isinstance(value, str) else value


def _place(value: object) -> str:
    """A place as text; YAML reads the bare word NO (Norway) as false."""
    return "NO" if value is False else str(value).strip().upper()


class ConsentRules(BaseModel):
    """`config/consent.yml`: opt_in (only with a yes) or opt_out (unless refused), by place and purpose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: ByPurpose = Field(
        default=USUAL, description="where no place fits or is known; a purpose left out is opt_in. One word: every one"
    )
    groups: dict[str, tuple[str, ...]] = Field(
        default={}, description="names for several countries, each as its events write it"
    )
    regions: dict[str, ByPurpose] = Field(
        default={}, description="by country (DE), region (US-CA) or group; a purpose left out follows the wider place"
    )

    @field_validator("default", mode="before")
    @classmethod
    def _one_word(cls, value: object) -> object:
        return _for_all(value)

    @field_validator("groups", mode="before")
    @classmethod
    def _group_places(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {_place(k): [_place(item) for item in v] if isinstance(v, list) else v for k, v in value.items()}

    @field_validator("regions", mode="before")
    @classmethod
    def _region_places(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {_place(key): _for_all(regimes) for key, regimes in value.items()}

    @model_validator(mode="after")
    def _one_group_a_country(self) -> Self:
        seen: dict[str, str] = {}
        for name, members in self.groups.items():
            for country in members:
                if name in self.regions and seen.setdefault(country, name) != name:
                    raise ValueError(f"groups.{name}: {country!r} is in {seen[country]} too; regions has both")
        return self

    def regime(self, purpose: str, country: str | None, region: str | None) -> Regime:
        """What holds for a person of this place who has said nothing about a purpose."""
        return self._resolved[purpose].get(_key(country, region)) or self._wider(purpose, country)

    def asks_first(self, purpose: str) -> bool:
        """Whether some place is opt_in for this purpose."""
        return any(row.regime == "opt_in" for row in self.rows() if row.purpose == purpose)

    def rows(self) -> Iterator[RegimeRow]:
        """Every configured place with its regime for each purpose; one row of each purpose for everywhere else."""
        for purpose in PURPOSES:
            for (country, region), regime in self._resolved[purpose].items():
                yield RegimeRow(country, region, purpose, regime)

    def _wider(self, purpose: str, country: str | None) -> Regime:
        resolved = self._resolved[purpose]
        return resolved.get(_key(country, None)) or resolved["", ""]

    @cached_property
    def _resolved(self) -> Mapping[str, Mapping[tuple[str, str], Regime]]:
        return {purpose: self._places(purpose) for purpose in PURPOSES}

    def _places(self, purpose: str) -> dict[tuple[str, str], Regime]:
        found: dict[tuple[str, str], Regime] = {("", ""): _stated(self.default, purpose) or "opt_in"}
        countries = {country: name for name, members in self.groups.items() for country in members}
        own = {key: _stated(regimes, purpose) for key, regimes in self.regions.items() if key not in self.groups}
        for country, name in countries.items():
            shared = _stated(self.regions.get(name, {}), purpose)
            if shared:
                found[country, ""] = shared
        for key, regime in own.items():
            if regime and "-" not in key:
                found[key, ""] = regime
        for key, regime in own.items():
            if regime and "-" in key:
                country, _, region = key.partition("-")
                found[country, region] = regime
        return found


def _stated(regimes: Mapping[Asked, Regime], purpose: str) -> Regime | None:
    return next((regime for name, regime in regimes.items() if name == purpose), None)


def _key(country: str | None, region: str | None) -> tuple[str, str]:
    place, part = (country or "").strip().upper(), (region or "").strip().upper()
    return place, part.removeprefix(f"{place}-") if place else ""


def load_consent_rules(config: Path) -> ConsentRules:
    """Read `config/consent.yml`; a missing file means the usual regimes.

    Raises:
        ConfigFileError: names the file, the field, the value and what is allowed.
    """
    return read_config(config / "consent.yml", ConsentRules)


def consent_schema() -> str:
    """The schema as it stands in `config/schemas/consent.schema.json`."""
    content: dict[str, Any] = ConsentRules.model_json_schema(mode="validation")
    word = {"type": "string", "enum": ["opt_in", "opt_out"]}
    fields = content["properties"]
    fields["default"] = {"anyOf": [word, fields["default"]]}
    regions = fields["regions"]
    regions["additionalProperties"] = {"anyOf": [word, regions["additionalProperties"]]}
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **content}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
