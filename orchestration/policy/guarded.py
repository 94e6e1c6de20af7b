"""The rules of an action that a batch can prove, and those that only a request can answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from serving.expression import answers_in, variables_in
from serving.reclassified import CHANGING
from serving.rulebook import Compiled
from serving.variables import VARIABLES, Value, known_name

# A batch knows profile, product and action; carts are those of `carts.py`, since their rules count products.
PROVABLE = frozenset({"profile", "consent", "action", "product", "cart"})


def live_variables(expression: str) -> list[str]:
    """Variables of an expression that only a request knows, or that a visit may change."""
    named = [n for n in variables_in(expression) if VARIABLES[n].scope not in PROVABLE or n in CHANGING]
    return sorted([*named, *(f"answer_{question}" for question in answers_in(expression))])


def provable(rules: Iterable[Compiled]) -> list[Compiled]:
    """Rules that read nothing but published values."""
    return [compiled for compiled in rules if not live_variables(compiled.rule.when)]


def key_of(rules: Sequence[Compiled], values: Mapping[str, Value], names: Sequence[str] = ()) -> tuple[Value, ...]:
    """The values that rules read, and `names`: equal tuples get equal answers."""
    read = sorted({name for one in rules for name in variables_in(one.rule.when)} | set(names))
    return tuple(value for name in read for value in (values[name], values[known_name(name)]))


def objection(rules: Sequence[Compiled], values: Mapping[str, Value]) -> str | None:
    """The first rule that does not let the action pass, as the live evaluator says; None when all do."""
    return next((one.rule.name for one in rules if not one.permits(values)), None)
