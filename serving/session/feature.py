"""One session feature of the specification: a reduction of events or a derivation, checked when it is read."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from serving.session.fields import FIELDS, PROPERTY, is_field

Reduction = Literal[
    "count", "any", "sum", "min", "max", "first", "last", "distinct", "top", "top_count", "elapsed",
    "seconds_since_last", "decayed_count",
]  # fmt: skip
Derivation = Literal["difference", "ratio", "all", "band"]
Type = Literal["int", "decimal", "text", "bool"]

_OF_VALUES = frozenset({"sum", "min", "max", "first", "last", "distinct", "top", "top_count"})
_OF_NUMBERS = frozenset({"sum", "min", "max"})
_TYPES: dict[str, Type] = {
    "count": "int", "any": "bool", "distinct": "int", "top": "text", "top_count": "int", "elapsed": "int",
    "seconds_since_last": "int", "decayed_count": "decimal", "difference": "int", "ratio": "decimal", "all": "bool",
    "band": "text",
}  # fmt: skip
_PLAIN = r"^[A-Za-z0-9_ .:/=&-]{1,60}$"
Name = r"^[a-z][a-z0-9_]{0,40}$"


class Part(BaseModel):
    """A part of the specification: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Test(Part):
    """One test of one field; exactly one of these. Texts are compared letter by letter."""

    one_of: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    at_least: int | None = None
    more_than: int | None = None
    present: Literal[True] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in Test.model_fields if getattr(self, name) not in (None, ())]
        if len(given) != 1:
            allowed = ", ".join(Test.model_fields)
            raise ValueError(f"{len(given)} tests given ({', '.join(given)}); exactly one of {allowed}")
        return self

    @field_validator("one_of", "contains")
    @classmethod
    def _plain(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if not re.match(_PLAIN, word):
                raise ValueError(f"{word!r}: letters, digits, blanks and _.:/=&- only, at most 60 of them")
        return words

    @property
    def is_numeric(self) -> bool:
        """Whether it compares numbers."""
        return self.at_least is not None or self.more_than is not None


Conditions = tuple[dict[str, Test], ...]


class Bound(Part):
    """A comparison with another feature; yes counts as 1 and no as 0."""

    feature: str
    at_least: int | None = None
    at_most: int | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("exactly one of at_least, at_most")
        return self


class While(Part):
    """The value of another feature while which this one counts; otherwise it is 0."""

    feature: str
    value: str = Field(alias="is", pattern=_PLAIN)


class Feature(Part):
    """One session feature: a reduction of events, or a derivation from features above it."""

    name: str = Field(pattern=Name)
    meaning: str = Field(min_length=1, max_length=200)
    unit: str = Field(min_length=1, max_length=40)
    reduce: Reduction | None = None
    value: str | None = None
    when: Conditions = ()
    at_most: int = Field(default=64, ge=1, le=1_000, description="distinct keys kept, first in alphabetic order")
    half_life_seconds: int | None = Field(default=None, ge=1, le=86_400)
    only_while: While | None = None
    derive: Derivation | None = None
    of: tuple[str | Bound, ...] = ()
    times: int = Field(default=1, ge=1, le=1_000_000)
    bounds: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @field_validator("when", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        alternatives = given if isinstance(given, list) else [given]
        return [_tests(alternative) for alternative in alternatives]

    @field_validator("of", mode="before")
    @classmethod
    def _bounds(cls, given: Any) -> Any:
        # Told apart here, so that a mistake within one is not called a wrong text.
        parts = given if isinstance(given, list) else [given]
        return [part if isinstance(part, str) else Bound.model_validate(part) for part in parts]

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.reduce is None) == (self.derive is None):
            raise ValueError(f"{self.name}: exactly one of reduce, derive")
        _check_reduction(self) if self.reduce else _check_derivation(self)
        return self

    @property
    def type(self) -> Type:
        """Of its values; decimals have four places."""
        kind = self.reduce or self.derive or ""
        if kind in _OF_NUMBERS:
            return "decimal" if FIELDS.get(self.value or "") == "decimal" else "int"
        return _TYPES.get(kind, "text")


def _tests(alternative: Any) -> Any:
    if not isinstance(alternative, dict):
        raise ValueError(f"{alternative!r}: a mapping of event fields to tests is needed")
    return {field: _test(str(field), given) for field, given in alternative.items()}


def _test(field: str, given: Any) -> Test:
    if not is_field(field):
        raise ValueError(f"{field!r} is no event field; allowed: {', '.join(FIELDS)}, properties.<name>")
    if not isinstance(given, dict):
        given = {"one_of": [_word(word) for word in (given if isinstance(given, list) else [given])]}
    elif isinstance(given.get("contains"), str):
        given = {**given, "contains": [given["contains"]]}
    test = Test.model_validate(given)
    kind = FIELDS.get(field)
    if test.is_numeric and kind == "text":
        raise ValueError(f"{field}: is text; allowed: one_of, contains, present")
    if (test.one_of or test.contains) and kind in ("int", "decimal"):
        raise ValueError(f"{field}: is a number; allowed: at_least, more_than, present")
    return test


def _word(given: Any) -> str:
    return given if isinstance(given, str) else msgspec.json.encode(given).decode()


def _check_reduction(feature: Feature) -> None:
    kind = feature.reduce or ""
    if (kind in _OF_VALUES) != (feature.value is not None):
        raise ValueError(f"value: {'needed' if kind in _OF_VALUES else 'not used'} by {kind} (got {feature.value!r})")
    if feature.value is not None:
        _check_value(kind, feature.value)
    if (kind == "decayed_count") != (feature.half_life_seconds is not None):
        raise ValueError(f"half_life_seconds: for decayed_count and nothing else (got {feature.half_life_seconds!r})")
    if feature.only_while is not None and kind != "seconds_since_last":
        raise ValueError(f"only_while: for seconds_since_last and nothing else (reduce is {kind})")
    if kind == "elapsed" and feature.when:
        raise ValueError("when: not used by elapsed")
    if feature.of or feature.bounds or feature.names:
        raise ValueError(f"of, bounds, names: for derive and not for reduce {kind}")


def _check_value(kind: str, value: str) -> None:
    if not is_field(value):
        raise ValueError(f"value: {value!r} is no event field; allowed: {', '.join(FIELDS)}, properties.<name>")
    is_text = FIELDS.get(value) == "text"
    if kind in _OF_NUMBERS and is_text:
        raise ValueError(f"value: {kind} needs a number (got the text {value!r})")
    if kind not in _OF_NUMBERS and not is_text and not PROPERTY.match(value):
        raise ValueError(f"value: {kind} needs a text (got the number {value!r})")


def _check_derivation(feature: Feature) -> None:
    kind = feature.derive or ""
    names = [part for part in feature.of if isinstance(part, str)]
    wanted = {"difference": 2, "ratio": 2, "band": 1, "all": 0}[kind]
    if len(names) != wanted or (kind == "all") != (len(feature.of) > len(names)):
        shape = "a list of {feature, at_least or at_most}" if kind == "all" else f"{wanted} feature(s)"
        raise ValueError(f"of: {kind} needs {shape} (got {len(feature.of)})")
    ordered = all(a < b for a, b in zip(feature.bounds, feature.bounds[1:], strict=False))
    if kind == "band" and (not ordered or len(feature.names) != len(feature.bounds) + 1):
        raise ValueError(
            f"names: {len(feature.names)}; one more than the {len(feature.bounds)} rising bounds is needed"
        )
    if feature.value or feature.when or feature.only_while or feature.half_life_seconds:
        raise ValueError(f"value, when, only_while, half_life_seconds: for reduce and not for derive {kind}")
