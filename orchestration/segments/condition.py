"""The condition of a rule segment: one SQL expression over a customer's columns, checked before it is ever run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

import duckdb

from intake.sensitive import SensitiveRules
from orchestration.segments.hints import hint, misspelt

ALLOWED: Final = frozenset(
    {"CONJUNCTION", "COMPARISON", "COLUMN_REF", "CONSTANT", "OPERATOR", "FUNCTION", "BETWEEN", "CASE", "CAST", "TYPE"}
)
# Functions of a row alone: nothing that reads files, settings or the clock, and no aggregate.
FUNCTIONS: Final = frozenset({
    "+", "-", "*", "/", "//", "%", "||", "~~", "!~~", "~~*", "!~~*", "abs", "ceil", "coalesce", "concat", "contains",
    "date_diff", "datediff", "ends_with", "floor", "greatest", "least", "length", "lower", "nullif", "regexp_matches",
    "round", "starts_with", "substring", "suffix", "prefix", "to_days", "to_hours",
    "to_months", "to_weeks", "to_years", "trim", "trunc",
    "upper",
})  # fmt: skip
CLAUSES: Final = ("modifiers", "group_expressions", "having", "qualify", "sample")


ANSWERS: Final = "zero_party_answers"


class ConditionError(ValueError):
    """A condition is no single expression over known columns; the message says what and what is allowed."""


class SensitiveConditionError(ConditionError):
    """A condition asks for what nothing may be decided by."""


def check_condition(where: str, columns: Mapping[str, str], sensitive: SensitiveRules) -> frozenset[str]:
    """Refuse what a segment may not be cut by; the columns that the condition names.

    Args:
        where: an SQL expression that is true, false or null for one customer.
        columns: SQL type by column that may be named.
        sensitive: attributes and categories that nothing may be decided by.

    Raises:
        ConditionError: names the part, and the nearest column or what is allowed.
    """
    if not where.strip():
        raise ConditionError("is empty; write a condition, e.g. orders_30d >= 1")
    try:
        return _checked(where, columns, sensitive)
    except SensitiveConditionError:
        raise
    except ConditionError as error:
        told = hint(where)
        if not told:
            raise
        raise ConditionError(f"{error}; {told}") from error


def _checked(where: str, columns: Mapping[str, str], sensitive: SensitiveRules) -> frozenset[str]:
    named = set()
    nodes = list(expressions_in(parsed(where)))
    for node in nodes:
        if node["class"] not in ALLOWED:
            raise ConditionError(f"{_words(node)} is not allowed; write one condition over a customer's columns")
        if node["class"] == "COLUMN_REF":
            named.add(_column(node, columns, sensitive))
        if node["class"] == "FUNCTION" and node["function_name"].lower() not in FUNCTIONS:
            usable = ", ".join(sorted(name for name in FUNCTIONS if name[0].isalpha()))
            raise ConditionError(f"function {node['function_name']!r} is not allowed; allowed: {usable}")
        if node["class"] == "CONSTANT":
            _constant(node, sensitive)
    if ANSWERS in named:
        _answers(nodes, sensitive)
    if not named:
        raise ConditionError("names no column; it would hold for everybody or for nobody")
    _bind(where, {name: columns[name] for name in sorted(named)})
    wrong = misspelt(nodes)
    if wrong:
        raise ConditionError(wrong)
    return frozenset(named)


def parsed(where: str) -> Any:
    """The syntax tree of a condition, as DuckDB writes it.

    Raises:
        ConditionError: it is no single expression.
    """
    with duckdb.connect() as connection:
        text = _select(where, "people")
        found = json.loads(connection.execute("select json_serialize_sql(?::varchar)", [text]).fetchall()[0][0])
    if found["error"]:
        raise ConditionError(f"is not readable as SQL: {found['error_message']}")
    node = found["statements"][0]["node"]
    if len(found["statements"]) != 1 or node["type"] != "SELECT_NODE" or any(node.get(part) for part in CLAUSES):
        raise ConditionError("is more than one condition; write what stands after WHERE and nothing else")
    return node["where_clause"]


def _select(where: str, table: str) -> str:
    # The line break ends a comment before it swallows the bracket.
    return f"select customer_id from {table} where ({where}\n)"


def expressions_in(node: Any) -> Iterator[dict[str, Any]]:
    """Every expression below a node, the node first."""
    if isinstance(node, dict):
        if "class" in node:
            yield node
        for value in node.values():
            yield from expressions_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions_in(value)


def _column(node: Mapping[str, Any], columns: Mapping[str, str], sensitive: SensitiveRules) -> str:
    name = ".".join(node["column_names"])
    found = sensitive.attribute_in(name)
    if found is not None:
        told = repr(name) if name == found else f"{name!r} ({found})"
        raise SensitiveConditionError(f"{told} is a sensitive attribute, which no segment may use")
    if name.lower() not in columns:
        near = get_close_matches(name.lower(), columns, n=3) or ["orders_30d", "product_views_7d", "lifecycle"]
        raise ConditionError(f"unknown column {name!r}; near it: {', '.join(near)}; all are in docs/features.md")
    return name.lower()


def _constant(node: Mapping[str, Any], sensitive: SensitiveRules) -> None:
    text = _text_of(node)
    if text and not text.replace(".", "").isdigit() and sensitive.is_category(text.replace("%", " ")):
        raise SensitiveConditionError(f"{text!r} is a sensitive category, which no segment may use")


def _text_of(constant: Mapping[str, Any]) -> str:
    return str((constant.get("literal") or constant.get("value") or {}).get("text", ""))


def _answers(nodes: Iterable[Mapping[str, Any]], sensitive: SensitiveRules) -> None:
    """The answers are one text: what is looked for in it may be a question that nobody is cut by."""
    for node in nodes:
        found = sensitive.attribute_in(_text_of(node)) if node["class"] == "CONSTANT" else None
        if found is not None:
            raise SensitiveConditionError(
                f"asks {ANSWERS} for the sensitive attribute {found!r}, which no segment may use"
            )


def _bind(where: str, columns: Mapping[str, str]) -> None:
    described = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    with duckdb.connect() as connection:
        connection.execute(f"create table people (customer_id varchar, {described})").fetchall()
        try:
            kind = connection.execute(f"describe select ({where}\n) as condition from people").fetchall()[0][1]
            # A row makes DuckDB convert constants: 'abc' as a number is a mistake only then.
            connection.execute("insert into people default values").fetchall()
            connection.execute(f"select ({where}\n) from people").fetchall()
        except duckdb.Error as error:
            raise ConditionError(f"does not fit the columns: {str(error).splitlines()[0]}") from error
    if kind != "BOOLEAN":
        raise ConditionError(f"is of type {kind}; a condition is true or false, e.g. orders_30d >= 1")


def _words(node: Mapping[str, Any]) -> str:
    return {"SUBQUERY": "a subquery", "WINDOW": "a window function", "STAR": "*", "PARAMETER": "a parameter",
            "LAMBDA": "a lambda"}.get(node["class"], str(node["class"]).lower())  # fmt: skip
