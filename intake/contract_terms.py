"""The words of a contract that say where one value comes from: columns, paths, rules, sums."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

Scalar = bool | int | float | datetime | date | str


class Part(BaseModel):
    """A part of a contract: nothing unknown in it, and nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(Part):
    """`value` applies to rows whose `column` passes every test given: a regular expression, bounds."""

    column: str
    matches: str | None = None
    unless: str | None = Field(default=None, description="regular expression; also applies where the column is empty")
    at_most: float | None = None
    at_least: float | None = None
    value: bool | str = ""

    @model_validator(mode="after")
    def _has_a_test(self) -> Self:
        if all(test is None for test in (self.matches, self.unless, self.at_most, self.at_least)):
            raise ValueError("needs one of matches, unless, at_most, at_least")
        return self


_SAME_AS = {"true": ("true", "yes", "y", "on"), "false": ("false", "no", "n", "off")}


def texts_of(key: object) -> tuple[str, ...]:
    """A key of a map as text: YAML reads the bare words yes and no as true and false, and 1 as a number."""
    text = str(key).lower() if isinstance(key, bool) else str(key)
    return _SAME_AS.get(text, (text,)) if isinstance(key, bool) else (text,)


def _as_word(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _as_expression(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Expression(Part):
    """Where a value comes from: a column, a constant, or sums, products, absolutes and rules over them."""

    column: str | None = Field(default=None, description="column, or path into one: context.page.url, items.0.id")
    value: Scalar | None = None
    sum: tuple[Term, ...] | None = None
    multiply: tuple[Term, ...] | None = None
    abs: Term | None = None
    concat: tuple[Term, ...] | None = Field(default=None, description="texts joined by a dot; none if one is missing")
    total: Term | None = Field(default=None, description="sum over an array of numbers, e.g. discounts.*.amount")
    rules: tuple[Rule, ...] | None = None
    map: dict[str, str] | None = Field(default=None, description="with column: replaces values, '' removes")
    default: str | None = Field(default=None, description="with rules: where none applies; with column: where empty")

    @field_validator("map", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {text: _as_word(word) for key, word in value.items() for text in texts_of(key)}

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = ("column", "value", "sum", "multiply", "abs", "concat", "total", "rules")
        given = [form for form in forms if getattr(self, form) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(forms)}")
        return self

    def columns(self) -> set[str]:
        """Source columns that this expression reads."""
        own = {self.column} if self.column else set()
        terms = (*(self.sum or ()), *(self.multiply or ()), *(self.concat or ()), self.abs, self.total)
        nested = [term for term in terms if term]
        return own.union(*(term.columns() for term in nested), {rule.column for rule in self.rules or ()})


Term = Annotated[Expression, BeforeValidator(_as_expression)]

Members = tuple[str, ...] | dict[str, Term]
"""Columns under their own names, or name ← expression."""


def members_of(members: Members) -> dict[str, Expression]:
    """The expression of each member by name."""
    return dict(members) if isinstance(members, dict) else {name: Expression(column=name) for name in members}


def columns_of(members: Members) -> set[str]:
    """Source columns that the members read."""
    return set[str]().union(*(expression.columns() for expression in members_of(members).values()))
