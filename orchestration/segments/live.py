"""Which segments by rule a visit under way can move: their conditions, translated for the service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from orchestration.segments.condition import expressions_in, parsed
from orchestration.segments.rules import RuleSegment
from orchestration.warehouse import Warehouse
from serving.segment_definitions import INTENT, LIFECYCLE, SegmentDefinitions, is_live

LARGE: Final = "select distinct micro_segment from ml.micro_segment where is_large"
TEXTS: Final = frozenset({LIFECYCLE, INTENT})
_COMPARED: Final[Mapping[str, str]] = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_JOINED: Final[Mapping[str, str]] = {"CONJUNCTION_AND": "and", "CONJUNCTION_OR": "or"}
Node = Mapping[str, Any]
Tree = list[Any]


class BatchOnlyError(ValueError):
    """A condition is judged by daily runs alone; the message says what it reads or does that no visit knows."""


def live_condition(where: str) -> Tree:
    """A condition as `serving/row_condition.py` reads it.

    Args:
        where: a condition that `check_condition` let pass.

    Raises:
        BatchOnlyError: it reads or does what the service does not know.
    """
    node = parsed(where)
    named = {str(part["column_names"][-1]).lower() for part in expressions_in(node) if part["class"] == "COLUMN_REF"}
    stale = sorted(column for column in named if not is_live(column))
    if stale:
        raise BatchOnlyError(f"it reads {', '.join(stale)}")
    return _truth(node)


def definitions_of(rules: Iterable[RuleSegment], warehouse: Warehouse | None = None) -> SegmentDefinitions:
    """What a snapshot says of segments: conditions that a visit can move, and large micro-segments of the warehouse."""
    found = {}
    for rule in rules:
        try:
            found[rule.name] = live_condition(rule.where)
        except BatchOnlyError:
            continue
    is_there = warehouse is not None and warehouse.has_table("ml.micro_segment")
    large = warehouse.rows(LARGE) if warehouse is not None and is_there else []
    return SegmentDefinitions(found, frozenset(str(name) for (name,) in large))


def followed(rule: RuleSegment) -> str:
    """When members of a segment move, in words."""
    try:
        live_condition(rule.where)
    except BatchOnlyError as error:
        return f"daily run: {error}"
    return "within the visit"


def _truth(node: Node) -> Tree:
    kind = str(node["type"])
    if kind in _COMPARED:
        return _compared(_COMPARED[kind], _truth(node["left"]), _truth(node["right"]))
    if kind == "COMPARE_BETWEEN":
        inner, low, high = (_truth(node[part]) for part in ("input", "lower", "upper"))
        return ["and", _compared(">=", inner, low), _compared("<=", inner, high)]
    if kind in _JOINED:
        return _of_kind("truth", [_JOINED[kind], *map(_truth, node["children"])])
    return _OTHERS.get(kind, _refused)(node)


def _in(node: Node) -> Tree:
    left, *options = map(_truth, node["children"])
    for option in options:
        _compared("=", left, option)
    return ["in", left, *options]


def _not_in(node: Node) -> Tree:
    return ["not", _in(node)]


def _not(node: Node) -> Tree:
    return _of_kind("truth", ["not", _truth(node["children"][0])])


def _is_null(node: Node) -> Tree:
    return ["is_null", _truth(node["children"][0])]


def _is_not_null(node: Node) -> Tree:
    return ["not", _is_null(node)]


def _coalesce(node: Node) -> Tree:
    parts = list(map(_truth, node["children"]))
    return _of_kind(_kind(parts[0]), ["coalesce", *parts])


def _sum(node: Node) -> Tree:
    parts = [_truth(argument["expression"]) for argument in node["arguments"]]
    if node["function_name"] not in ("+", "-") or len(parts) != 2:
        raise BatchOnlyError(f"it uses {node['function_name']}")
    return _of_kind("number", [node["function_name"], *parts])


def _column(node: Node) -> Tree:
    return ["column", str(node["column_names"][-1]).lower()]


def _constant(node: Node) -> Tree:
    literal = node.get("literal") or {}
    text = str(literal.get("text", ""))
    if literal.get("kind") == "INTEGER":
        return ["value", int(text)]
    if literal.get("kind") == "STRING":
        return ["value", text]
    if literal.get("kind") == "NUMERIC":
        return ["value", float(text)]
    raise BatchOnlyError(f"it compares with {text or 'a constant'}")


def _refused(node: Node) -> Tree:
    raise BatchOnlyError(f"it uses {str(node['type']).removeprefix('OPERATOR_').replace('_', ' ').lower()}")


_OTHERS: Final[Mapping[str, Callable[[Node], Tree]]] = {
    "COMPARE_IN": _in,
    "COMPARE_NOT_IN": _not_in,
    "OPERATOR_NOT": _not,
    "OPERATOR_IS_NULL": _is_null,
    "OPERATOR_IS_NOT_NULL": _is_not_null,
    "OPERATOR_COALESCE": _coalesce,
    "FUNCTION": _sum,
    "COLUMN_REF": _column,
    "VALUE_CONSTANT": _constant,
}


def _compared(sign: str, left: Tree, right: Tree) -> Tree:
    """SQL compares a number with a text by casts; here both must be of one kind."""
    kinds = {_kind(left), _kind(right)}
    if len(kinds) != 1 or "truth" in kinds:
        raise BatchOnlyError("it compares values of different types")
    return [sign, left, right]


def _of_kind(kind: str, tree: Tree) -> Tree:
    if any(_kind(part) != kind for part in tree[1:]):
        raise BatchOnlyError(f"it uses {tree[0]} on values of another type")
    return tree


def _kind(tree: Sequence[Any]) -> str:
    """number, text or truth."""
    name = tree[0]
    if name == "column":
        return "text" if tree[1] in TEXTS else "number"
    if name == "value":
        return "text" if isinstance(tree[1], str) else "number"
    if name == "coalesce":
        return _kind(tree[1])
    return "number" if name in ("+", "-") else "truth"
