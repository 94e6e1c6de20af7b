"""A condition over the values of one customer as SQL reads it: with a null a comparison is neither true nor false.

A condition is a list: an operator and its parts, such as `["and", [">=", ["column", "orders_30d"], ["value", 1]], …]`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Values = Mapping[str, Any]
Part = Callable[[Values], Any]

COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SUMS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {"+": operator.add, "-": operator.sub}
_TWO: Final = {**COMPARISONS, **SUMS}


class RowConditionError(ValueError):
    """A condition cannot be read; the message names the part."""


def columns_of(node: Sequence[Any]) -> frozenset[str]:
    """Columns that a condition reads."""
    if node[0] == "column":
        return frozenset({str(node[1])})
    return frozenset[str]().union(*(columns_of(part) for part in node[1:] if isinstance(part, list) and part))


def compiled(node: Any) -> Part:
    """A function of the values by column: True, False or None for a condition.

    Raises:
        RowConditionError: an operator is unknown, or has other parts than it needs.
    """
    if not isinstance(node, list) or not node or not isinstance(node[0], str):
        raise RowConditionError(f"{node!r} is no part of a condition")
    name, parts = node[0], node[1:]
    if name == "value" and len(parts) == 1 and isinstance(parts[0], bool | int | float | str):
        return lambda _: parts[0]
    if name == "column" and len(parts) == 1 and isinstance(parts[0], str):
        return operator.itemgetter(parts[0])
    inner = [compiled(part) for part in parts]
    if name in _TWO and len(inner) == 2:
        return _both_known(_TWO[name], *inner)
    if name in ("not", "is_null") and len(inner) == 1:
        return _negated(inner[0]) if name == "not" else lambda values: inner[0](values) is None
    if name in ("and", "or") and inner:
        return _joined(inner, deciding=name == "or")
    if name == "in" and len(inner) > 1:
        return _joined([_both_known(operator.eq, inner[0], one) for one in inner[1:]], deciding=True)
    if name == "coalesce" and inner:
        return lambda values: next((found for part in inner if (found := part(values)) is not None), None)
    raise RowConditionError(f"{name!r} with {len(parts)} parts is no part of a condition")


def _both_known(done: Callable[[Any, Any], Any], left: Part, right: Part) -> Part:
    def answer(values: Values) -> Any:
        one, other = left(values), right(values)
        return None if one is None or other is None else done(one, other)

    return answer


def _negated(part: Part) -> Part:
    def answer(values: Values) -> bool | None:
        found = part(values)
        return None if found is None else not found

    return answer


def _joined(parts: Sequence[Part], *, deciding: bool) -> Part:
    """`or` where one True decides, `and` where one False does; else a null leaves it open."""

    def answer(values: Values) -> bool | None:
        is_open = False
        for part in parts:
            found = part(values)
            if found is deciding:
                return deciding
            is_open = is_open or found is None
        return None if is_open else not deciding

    return answer
