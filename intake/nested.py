"""Paths into objects and arrays: `context.page.url`, `items.0.id`, `params.colour.text`, `discounts.*.amount`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa

from intake.values import json_of, plain_objects

SEPARATOR: Final = "."
EACH: Final = "*"
ONLY: Final = "="
_ENTRY_NAMES: Final = ("key", "name")
_EXACT: Final = 2**53
"""A float up to here is a whole number by intent: 1002.0 among texts is the id 1002."""


def root_of(name: str) -> str:
    """The column that a path leads into; a plain name is its own root."""
    return name.partition(SEPARATOR)[0]


def member(record: Mapping[str, Any], name: str) -> Any:
    """What a name or path leads to in an object; a member of that very name comes before the path, None is nothing."""
    if name in record or SEPARATOR not in name:
        return record.get(name)
    root, *steps = name.split(SEPARATOR)
    return value_at(record.get(root), steps)


def value_at(value: Any, steps: Sequence[str]) -> Any:
    """Follow the steps into objects, arrays and JSON text; None where one leads nowhere.

    In an array a number is a position, `*` is all elements, `status=success` those that say so, and any other word is
    the `value` of the element whose `key` or `name` is that word.
    """
    for position, step in enumerate(steps):
        if isinstance(value, str):
            value = decoded(value)
        if isinstance(value, dict):
            value = value if ONLY in step and step not in value and _says(value, step) else value.get(step)
        elif not isinstance(value, list):
            return None
        elif step == EACH or ONLY in step:
            found = (value_at(element, steps[position + (step == EACH) :]) for element in value)
            return [element for element in found if element is not None]
        else:
            value = _element(value, step)
    return value


def decoded(value: Any) -> Any:
    """JSON text of an object or array as what it says; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return value


def with_paths(table: pa.Table, names: Iterable[str]) -> pa.Table:
    """The table with a column for each path among the names that leads into one of its columns."""
    known, roots = set(table.column_names), dict[str, list[Any]]()
    for name in sorted(set(names) - known):
        root, *steps = name.split(SEPARATOR)
        if not steps or root not in known:
            continue
        if root not in roots:
            roots[root] = [decoded(value) for value in plain_objects(table.column(root))]
        table = table.append_column(name, column_from([value_at(value, steps) for value in roots[root]]))
    return table


def column_from(values: Sequence[Any]) -> pa.Array:
    """Values of one type as that type; objects, arrays and mixtures as text."""
    try:
        array = pa.array(values)
        if not pa.types.is_nested(array.type):
            return array
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass
    return pa.array([_as_text(value) for value in values], pa.string())


def _says(record: Mapping[str, Any], condition: str) -> bool:
    name, _, word = condition.partition(ONLY)
    return _as_text(record.get(name)) == word


def _element(elements: list[Any], step: str) -> Any:
    if step.isdecimal():
        return elements[int(step)] if int(step) < len(elements) else None
    entries = (element for element in elements if isinstance(element, dict))
    return next(
        (entry.get("value") for entry in entries if any(entry.get(name) == step for name in _ENTRY_NAMES)), None
    )


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return json_of(value)
