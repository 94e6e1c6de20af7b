"""Source contracts: how one kind of input becomes events."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from intake.event import EVENT_FIELDS, MAPPABLE_FIELDS
from intake.matching_roles import Matching

Kind = Literal[
    "web", "mobile", "pos", "online_orders", "crm", "loyalty", "email", "ads", "catalogue", "price_list",
    "inventory", "consent", "experiment", "service_log", "custom",
]  # fmt: skip
Purpose = Literal["contract", "analytics", "personalization", "marketing_email", "profiling_price"]
IdentifierType = Literal[
    "login", "loyalty_id", "email", "phone", "crm_id", "pos_id", "device_id", "cookie", "click_id", "ip", "fingerprint",
]  # fmt: skip
Scalar = bool | int | float | datetime | date | str


class ContractError(ValueError):
    """A contract is missing or wrong; the message names file, field, value and what is allowed."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Part):
    """`value` applies to rows whose `column` matches the regular expression, or lies within the bounds."""

    column: str
    matches: str | None = None
    at_most: float | None = None
    at_least: float | None = None
    value: str = ""

    @model_validator(mode="after")
    def _has_a_test(self) -> Self:
        if self.matches is None and self.at_most is None and self.at_least is None:
            raise ValueError("needs one of matches, at_most, at_least")
        return self


def _as_expression(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Expression(_Part):
    """Where a value comes from: a column, a constant, or sums, products, absolutes and rules over them."""

    column: str | None = None
    value: Scalar | None = None
    sum: tuple[Term, ...] | None = None
    multiply: tuple[Term, ...] | None = None
    abs: Term | None = None
    rules: tuple[Rule, ...] | None = None
    map: dict[str, str] | None = Field(default=None, description="with column: replaces values; others stay")
    default: str | None = Field(default=None, description="with rules: where none applies")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = ("column", "value", "sum", "multiply", "abs", "rules")
        given = [form for form in forms if getattr(self, form) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(forms)}")
        return self

    def columns(self) -> set[str]:
        """Source columns that this expression reads."""
        own = {self.column} if self.column else set()
        nested = [*(self.sum or ()), *(self.multiply or ()), *([self.abs] if self.abs else [])]
        return own.union(*(term.columns() for term in nested), {rule.column for rule in self.rules or ()})


Term = Annotated[Expression, BeforeValidator(_as_expression)]


class Arrival(_Part):
    """How `received_at` is known: a delay after the event, a column, or the clock at intake."""

    delay: timedelta | None = None
    column: str | None = None
    clock: bool = False

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if sum((self.delay is not None, self.column is not None, self.clock)) > 1:
            raise ValueError("needs only one of delay, column, clock")
        if self.delay is not None and self.delay < timedelta(0):
            raise ValueError("delay must not be negative: nothing arrives before it happens")
        return self


class IdentifierSpec(_Part):
    """One identifier column. Without `type` the column holds a list of {type, value}."""

    type: IdentifierType | None = None
    column: str
    hashed: bool = Field(default=False, description="already keyed hashes, taken as they are")


class Lines(_Part):
    """Several source rows make one event; their values go into `properties.lines`."""

    group_by: tuple[str, ...] = Field(min_length=1)
    fields: dict[str, Term]
    totals: dict[str, Term] = Field(default={}, description="sums over the lines that go into properties")
    duplicates: Literal["keep", "drop"] = Field(default="keep", description="of rows equal in every column read")


class Join(_Part):
    """A small reference file beside the input that adds columns, e.g. the dates of a campaign."""

    file: str = Field(description="path relative to the input file's folder")
    keys: tuple[str, ...] = Field(min_length=1)
    columns: tuple[str, ...] = Field(min_length=1)


class SourceContract(_Part):
    """A source: its files, and how their rows become events."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,62}$")
    version: int = Field(default=1, ge=1)
    description: str = ""
    kind: Kind
    format: Literal["parquet", "csv", "jsonl"]
    location: tuple[str, ...] = ()
    channel: str | None = None
    currency: str | None = Field(default=None, min_length=3, max_length=3)
    time_zone: str = Field(default="UTC", description="of timestamps without one")
    time_unit: Literal["s", "ms", "us", "ns"] = Field(default="s", description="of timestamps given as numbers")
    time_format: str | None = Field(default=None, description="strptime format, when not ISO 8601")
    is_simulated: bool = False
    arrival: Arrival = Arrival(delay=timedelta(0))
    event_type: Expression
    event_id: str | None = None
    natural_key: tuple[str, ...] = ()
    lines: Lines | None = None
    columns: dict[str, Term]
    aliases: dict[str, tuple[str, ...]] = {}
    identifiers: tuple[IdentifierSpec, ...] = ()
    personal_data: tuple[str, ...] = ()
    matching: Matching | None = Field(default=None, description="columns that tell who a person is, for matching")
    sensitive: tuple[str, ...] = ()
    traits: tuple[str, ...] = Field(default=(), description="go to properties.traits")
    properties: tuple[str, ...] | Literal["rest"] = ()
    optional: tuple[str, ...] = Field(default=(), description="columns that a file may lack")
    required: tuple[str, ...] = ("occurred_at",)
    quarantine: tuple[Rule, ...] = Field(default=(), description="rows to set aside; value is the reason")
    join: Join | None = None
    consent: Purpose = "contract"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = Field(default="utf8", description="of CSV files, e.g. latin1")
    maximum_amount: float = Field(default=10_000_000, gt=0, description="larger amounts, prices, counts are absurd")

    @field_validator("location", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value or ()

    @field_validator("event_type", mode="before")
    @classmethod
    def _constant(cls, value: object) -> object:
        return {"value": value} if isinstance(value, str) else value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("must be an IANA time zone such as Europe/London")
        return value

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, value: dict[str, Expression]) -> dict[str, Expression]:
        unknown = sorted(set(value) - MAPPABLE_FIELDS)
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is not an event field that can be mapped; one of {sorted(MAPPABLE_FIELDS)}"
            )
        if "occurred_at" not in value:
            raise ValueError("occurred_at must be mapped")
        return value

    @field_validator("required")
    @classmethod
    def _known_required(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(value) - set(EVENT_FIELDS))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not an event field")
        return value

    @model_validator(mode="after")
    def _has_identity(self) -> Self:
        if self.event_id is None and not self.natural_key:
            raise ValueError("event_id or natural_key must be given: without one a retry would count twice")
        if self.lines and self.event_id:
            raise ValueError("event_id: grouped lines take their id from natural_key")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of timestamps that name none."""
        return ZoneInfo(self.time_zone)

    @property
    def personal_columns(self) -> tuple[str, ...]:
        """Columns that go to the vault: those declared as personal data, then those with a matching role."""
        return tuple(dict.fromkeys((*self.personal_data, *(self.matching.columns() if self.matching else ()))))

    @property
    def content_version(self) -> str:
        """Hash of everything that decides what an input becomes; where its files lie does not."""
        # A part that contracts did not have before and that is not used must not make old files look new.
        unused = {"matching"} if self.matching is None else set()
        content = self.model_dump(mode="json", exclude={"location", "description", *unused})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def source_columns(self) -> set[str]:
        """Every source column that the contract names."""
        named = {*self.natural_key, *self.personal_columns, *self.sensitive, *self.traits, *self.optional}
        named |= {spec.column for spec in self.identifiers} | {rule.column for rule in self.quarantine}
        named |= set(self.properties) if self.properties != "rest" else set()
        named |= {name for name in (self.event_id, self.arrival.column) if name}
        expressions = [*self.columns.values(), self.event_type]
        if self.lines:
            named |= set(self.lines.group_by)
            expressions += [*self.lines.fields.values(), *self.lines.totals.values()]
        return named.union(*(expression.columns() for expression in expressions))


def load_contract(file: Path) -> SourceContract:
    """Read one contract.

    Raises:
        ContractError: names the file, the field, the value and what is allowed.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractError(f"{file}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{file}: not readable as YAML: {' '.join(str(error).split())}") from error
    try:
        contract = SourceContract.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "contract"
        raise ContractError(f"{file}: {field}: {first['msg']} (got {str(first['input'])[:120]!r})") from error
    if contract.name != file.stem:
        raise ContractError(f"{file}: name: must be the file's name {file.stem!r} (got {contract.name!r})")
    return contract


def load_contracts(folder: Path) -> dict[str, SourceContract]:
    """All contracts of a folder by name, in order.

    Raises:
        ContractError: of the first contract that is wrong.
    """
    return {file.stem: load_contract(file) for file in sorted(folder.glob("*.yml"))}
