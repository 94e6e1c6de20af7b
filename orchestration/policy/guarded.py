"""The rules of an action that a batch can prove, and those that only a request can answer."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from serving.cel_hints import STRINGS
from serving.expression import answers_in, variables_in
from serving.reclassified import CHANGING
from serving.rulebook import Compiled
from serving.variables import VARIABLES, Value, known_name

# A batch knows profile, product and action; carts are those of `carts.py`, since their rules count products.
PROVABLE = frozenset({"profile", "consent", "action", "product", "cart"})

_BLANKS: Final = re.compile(r"\s+")
# A comparison that stands alone, beside brackets, && and ||: no part of a sum, and of no other comparison.
_COMPARISON: Final = (
    r"(?:(?<=^)|(?<=[(&|?:])|(?<=[(&|?:] )){name} ?(?:==|!=|<=|>=|<|>) ?(-?\d+(?:\.\d+)?)(?= ?(?:$|[)&|?:]))"
)


def live_variables(expression: str) -> list[str]:
    """Variables of an expression that only a request knows, or that a visit may change."""
    named = [n for n in variables_in(expression) if VARIABLES[n].scope not in PROVABLE or n in CHANGING]
    return sorted([*named, *(f"answer_{question}" for question in answers_in(expression))])


def provable(rules: Iterable[Compiled]) -> list[Compiled]:
    """Rules that read nothing but published values."""
    return [compiled for compiled in rules if not live_variables(compiled.rule.when)]


def kind_of(rules: Sequence[Compiled]) -> Callable[[Mapping[str, Value]], tuple[object, ...]]:
    """What rules can tell of values: equal tuples get equal answers.

    Of a number that they only compare with numbers, where it lies among those: else a rule about what somebody has
    spent would be judged anew for every customer.
    """
    expressions = [_BLANKS.sub(" ", STRINGS.sub("''", one.rule.when)) for one in rules]
    read = sorted({name for one in rules for name in variables_in(one.rule.when)})
    bounds = [(name, _compared(name, expressions)) for name in read]

    def kind(values: Mapping[str, Value]) -> tuple[object, ...]:
        told: list[object] = []
        for name, numbers in bounds:
            value: Any = values[name]
            told.append(values[known_name(name)])
            told.append(value if numbers is None else (bisect_left(numbers, value), bisect_right(numbers, value)))
        return tuple(told)

    return kind


def _compared(name: str, expressions: Iterable[str]) -> list[float] | None:
    """The numbers that a variable is compared with, in order; None where it is used in any other way."""
    if VARIABLES[name].kind not in ("int", "double"):
        return None
    found: list[float] = []
    for text in expressions:
        numbers = re.findall(_COMPARISON.format(name=name), text)
        if len(numbers) != len(re.findall(rf"(?<![\w.]){name}\b", text)):
            return None
        found += map(float, numbers)
    return sorted(set(found))


def objection(rules: Sequence[Compiled], values: Mapping[str, Value]) -> str | None:
    """The first rule that does not let the action pass, as the live evaluator says; None when all do."""
    return next((one.rule.name for one in rules if not one.permits(values)), None)
