"""Source contracts: how one kind of input becomes events."""

from __future__ import annotations

import codecs
import hashlib
import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from intake.config_file import ConfigFileError, read_config
from intake.consent_terms import Consents
from intake.contract_faults import NumberStyle, Repeats, SourceClock
from intake.contract_terms import Expression, Members, Part, Rule, Term, columns_of
from intake.event import EVENT_FIELDS, MAPPABLE_FIELDS
from intake.matching_roles import Matching
from intake.purposes import CONTRACT, Purpose
from intake.sensitive import SensitiveRules
from intake.sensitive_columns import disguised
from intake.yaml_text import from_yaml

Kind = Literal[
    "web", "mobile", "pos", "online_orders", "crm", "loyalty", "email", "ads", "catalogue", "price_list",
    "inventory", "consent", "experiment", "service_log", "support", "returns", "deliveries", "reviews", "surveys",
    "beacons", "subscriptions", "weather", "accounts", "custom",
]  # fmt: skip
IdentifierType = Literal[
    "login", "loyalty_id", "email", "phone", "crm_id", "pos_id", "device_id", "cookie", "click_id", "ip", "fingerprint",
]  # fmt: skip


_LATER: Final[dict[str, object]] = {
    "matching": None, "header": [], "quoting": True, "unnest": None, "nested": None, "when": None, "total": None,
    "concat": None, "skip": [], "consents": {}, "clock": None, "repeats": None, "numbers": None, "refund_limit": 1.0,
    "zero_party": [], "unless": None, "skip_lines": 0, "once": [],
}  # fmt: skip
"""Parts that were added later, with what they are when unused: they must not make files of old look new."""


class ContractError(ValueError):
    """A contract is missing or wrong; the message names file, field, value and what is allowed."""


class Arrival(Part):
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


class IdentifierSpec(Part):
    """One identifier column. Without `type` the column holds a list of {type, value}."""

    type: IdentifierType | None = None
    column: str
    hashed: bool = Field(default=False, description="already keyed hashes, taken as they are")

    @model_validator(mode="after")
    def _list_is_a_column(self) -> Self:
        if self.type is None and "." in self.column:
            raise ValueError("type is missing: a path leads to one value, only a column may hold a list of identifiers")
        return self


class Lines(Part):
    """The lines of an event, which go into `properties.lines`: several source rows, or an array in one row."""

    group_by: tuple[str, ...] = Field(default=(), description="rows that agree in these columns make one event")
    nested: str | None = Field(default=None, description="array in each row; fields, totals are read in its elements")
    when: Rule | None = Field(default=None, description="with nested: only of rows that the rule applies to")
    fields: dict[str, Term]
    totals: dict[str, Term] = Field(default={}, description="sums over the lines that go into properties")
    once: tuple[Literal["amount", "quantity"], ...] = Field(
        default=(), description="with group_by: of columns, what each row of an order repeats; it is not added up"
    )
    duplicates: Literal["keep", "drop"] = Field(default="keep", description="of rows equal in every column read")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if bool(self.group_by) == (self.nested is not None):
            raise ValueError("needs exactly one of group_by, nested")
        if self.when is not None and self.nested is None:
            raise ValueError("when goes with nested")
        if self.once and not self.group_by:
            raise ValueError("once goes with group_by")
        return self

    def columns(self) -> set[str]:
        """Source columns that the lines are read from; those of a nested line are none of the row's."""
        if self.nested is not None:
            return {self.nested, *([self.when.column] if self.when else [])}
        terms = [*self.fields.values(), *self.totals.values()]
        return set(self.group_by).union(*(term.columns() for term in terms))


class Join(Part):
    """A small reference file beside the input that adds columns, e.g. the dates of a campaign."""

    file: str = Field(description="path relative to the input file's folder")
    keys: tuple[str, ...] = Field(min_length=1)
    columns: tuple[str, ...] = Field(min_length=1)


class SourceContract(Part):
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
    time_format: str | None = Field(
        default=None,
        description="strptime format, when not ISO 8601; epoch: numbers, also those written as text; excel: days of a"
        " spreadsheet",
    )
    is_simulated: bool = False
    arrival: Arrival = Arrival(delay=timedelta(0))
    event_type: Expression
    event_id: str | None = None
    natural_key: tuple[str, ...] = ()
    skip: tuple[Rule, ...] = Field(default=(), description="rows that another contract reads; they are not counted")
    unnest: str | None = Field(default=None, description="array whose elements are rows, read under its name")
    lines: Lines | None = None
    columns: dict[str, Term]
    aliases: dict[str, tuple[str, ...]] = {}
    identifiers: tuple[IdentifierSpec, ...] = ()
    personal_data: tuple[str, ...] = ()
    matching: Matching | None = Field(default=None, description="columns that tell who a person is, for matching")
    sensitive: Members = Field(default=(), description="go to properties.sensitive")
    traits: Members = Field(default=(), description="go to properties.traits")
    zero_party: Members = Field(default=(), description="what customers say of themselves: to properties.zero_party")
    properties: Members | Literal["rest"] = Field(default=(), description="columns, or name ← expression, or rest")
    optional: tuple[str, ...] = Field(default=(), description="columns that a file may lack")
    required: tuple[str, ...] = ("occurred_at",)
    quarantine: tuple[Rule, ...] = Field(default=(), description="rows to set aside; value is the reason")
    join: Join | None = None
    consent: Purpose = CONTRACT
    consents: Consents = Field(default={}, description="purpose ← column that says whether it is granted or refused")
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = Field(default="utf8", description="of CSV files, e.g. latin1")
    header: tuple[str, ...] = Field(default=(), description="column names of a CSV file without a first line of them")
    skip_lines: int = Field(default=0, ge=0, le=1000, description="of a CSV file, above its header or rows: a title")
    quoting: bool = Field(default=True, description="false: quote marks in a CSV file are ordinary text")
    maximum_amount: float = Field(default=10_000_000, gt=0, description="larger amounts, prices, counts are absurd")
    refund_limit: float = Field(default=1.0, ge=0, description="refunds of an order add up to at most so much of it")
    numbers: NumberStyle | None = Field(default=None, description="how numbers are written in text, e.g. 1.234,50")
    clock: SourceClock | None = Field(default=None, description="how the source's clock goes wrong")
    repeats: Repeats | None = Field(default=None, description="the same again within a window counts as duplicate")

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
        if value not in _zones():
            raise ValueError("must be an IANA time zone such as Europe/London")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            codecs.lookup(value)
        except LookupError as error:
            raise ValueError("must be an encoding such as utf8, cp1252 or utf-16") from error
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
        if self.lines and self.lines.group_by and self.event_id:
            raise ValueError("event_id: grouped lines take their id from natural_key")
        if self.clock and self.clock.sent_at and self.arrival.column is None:
            raise ValueError("clock.sent_at: needs arrival: {column: …}, since skew is what lies between the two")
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
        content = _as_before(self.model_dump(mode="json", exclude={"location", "description"}))
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def source_columns(self) -> set[str]:
        """Every source column that the contract names."""
        named = {*self.natural_key, *self.personal_columns, *self.optional}
        named |= {spec.column for spec in self.identifiers} | {rule.column for rule in (*self.quarantine, *self.skip)}
        named |= columns_of(self.traits) | columns_of(self.sensitive) | columns_of(self.zero_party)
        named |= {term.column for term in self.consents.values()}
        named |= columns_of(self.properties) if self.properties != "rest" else set()
        sent_at = self.clock.sent_at if self.clock else None
        named |= {name for name in (self.event_id, self.arrival.column, sent_at) if name}
        named |= self.lines.columns() if self.lines else set()
        return named.union(*(expression.columns() for expression in (*self.columns.values(), self.event_type)))

    def names_read(self) -> set[str]:
        """Every name or path that the contract or its aliases read."""
        aliases = {alias for names in self.aliases.values() for alias in names}
        return self.source_columns() | aliases | ({self.unnest} if self.unnest else set())

    def names_looked_up(self) -> set[str]:
        """Every name or path that is read, and the keys that rows are found by in the reference that is joined."""
        return self.names_read() | set(self.join.keys if self.join else ())


@cache
def _zones() -> frozenset[str]:
    """Names of time zones; finding them walks through a folder of 600 files."""
    return frozenset(available_timezones())


def _as_before(content: Any) -> Any:
    """The content without the parts that contracts did not have at first, where they are not used."""
    if isinstance(content, list):
        return [_as_before(entry) for entry in content]
    if not isinstance(content, dict):
        return content
    return {key: _as_before(value) for key, value in content.items() if not (key in _LATER and value == _LATER[key])}


def load_contract(file: Path) -> SourceContract:
    """Read one contract.

    Raises:
        ContractError: names the file, the field, the value and what is allowed.
    """
    try:
        content = from_yaml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractError(f"{file}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{file}: not readable as YAML: {' '.join(str(error).split())}") from error
    try:
        contract = SourceContract.model_validate(content)
    except ValidationError as error:
        # Of a part that may be a list or a mapping, the form that was not meant complains as well.
        meant = [entry for entry in error.errors() if entry["type"] not in ("tuple_type", "dict_type")]
        first = (meant or error.errors())[0]
        field = ".".join(part for part in map(str, first["loc"]) if "[" not in part) or "contract"
        raise ContractError(f"{file}: {field}: {first['msg']} (got {str(first['input'])[:120]!r})") from error
    if contract.name != file.stem:
        raise ContractError(f"{file}: name: must be the file's name {file.stem!r} (got {contract.name!r})")
    hidden = disguised(contract, _own_attributes(file))
    if hidden:
        raise ContractError(f"{file}: {hidden}")
    return contract


def _own_attributes(file: Path) -> SensitiveRules:
    """What the configuration folder of a contract calls sensitive; what is wrong with it is told by who reads it."""
    try:
        return read_config(file.parent.parent / "sensitive.yml", SensitiveRules)
    except ConfigFileError:
        return SensitiveRules()


def load_contracts(folder: Path) -> dict[str, SourceContract]:
    """All contracts of a folder by name, in order.

    Raises:
        ContractError: of the first contract that is wrong.
    """
    return {file.stem: load_contract(file) for file in sorted(folder.glob("*.yml"))}
