"""Yes-or-no expressions in CEL over the documented variables, type-checked when they are compiled."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from intake.sensitive import SensitiveRules
from serving.cel_hints import STRINGS, readable
from serving.variables import ANSWER, OF_ONE_PRODUCT, SENSITIVE, VARIABLES, known_name

_NAMES = re.compile(r"(?<![.\w])[A-Za-z_]\w*")
_NOT_VARIABLES = frozenset({"true", "false", "null", "in", "size", "int", "double", "string", "bool", "has"})
_PATTERN = re.compile(rf"\bmatches\(\s*({STRINGS.pattern})\s*\)")
_BY_ZERO = re.compile(r"[/%]\s*0+(?![\w.])")
_KINDS = {"int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING, "bool": cel.Type.BOOL,
          "list": cel.Type.List(cel.Type.STRING)}  # fmt: skip


IN_A_LIST = "add target: product, or ask for viewed_stock, viewed_category, …, products_out_of_stock, cart_products, …"
ABOUT_A_PERSON = "this is asked about a person, before there is an action"
OF_ONE_ACTION = OF_ONE_PRODUCT | {v.name for v in VARIABLES.values() if v.scope in ("action", "uplift")}
_ANSWERS = "zero_party_answers"
TASTES = frozenset(v.name for v in VARIABLES.values() if v.scope == "profile" and v.kind == "string")
"""Variables that tell of what a customer likes."""


class PolicyError(ValueError):
    """An expression that does not compile, is not a yes-or-no question, or names what it must not."""


def names_in(expression: str) -> frozenset[str]:
    """Identifiers an expression names, string literals and member names left out."""
    return frozenset(_NAMES.findall(STRINGS.sub("''", expression))) - _NOT_VARIABLES


def variables_in(expression: str) -> frozenset[str]:
    """Documented variables (without known_ flags) that an expression needs."""
    found = {name.removeprefix("known_") for name in names_in(expression)}
    return frozenset(found & VARIABLES.keys())


def answers_in(expression: str) -> frozenset[str]:
    """Questions whose answers an expression asks for, as `answer_<question>`."""
    found = {name.removeprefix("known_") for name in names_in(expression)}
    return frozenset(name.removeprefix(ANSWER) for name in found if name.startswith(ANSWER)) - {""}


@lru_cache(maxsize=2_048)
def compile_rule(expression: str) -> Any:
    """A CEL program that answers yes or no; a snapshot mostly repeats the rules of the one before.

    Raises:
        PolicyError: a sensitive attribute, an unknown variable, a type error, or an answer that is not a bool.
    """
    for name in sorted(names_in(expression)):
        plain = name.removeprefix("known_").removeprefix(ANSWER)
        if plain in SENSITIVE:
            raise PolicyError(f"names the sensitive attribute {plain!r}, which no decision may use")
    try:
        program = _environment(answers_in(expression)).compile(expression)
    except RuntimeError as error:
        raise PolicyError(readable(str(error), expression)) from error
    if program.return_type() != cel.Type.BOOL:
        answered = program.return_type().name()
        raise PolicyError(f"answers {answered}; allowed: bool, so compare it with something: … > 0")
    return program


def check_expression(
    expression: str, sensitive: SensitiveRules, unknown: frozenset[str] = OF_ONE_PRODUCT, instead: str = IN_A_LIST
) -> None:
    """What a person wrote; what a snapshot carries was checked before, and is compiled alone.

    Args:
        expression: CEL.
        sensitive: what it must not name.
        unknown: variables that have no value where it is asked.
        instead: what mends an expression that names one of them.

    Raises:
        PolicyError: something sensitive, a mistake, what errs whatever the values are, or a variable without a value.
    """
    refuse_sensitive(expression, sensitive)
    compile_rule(expression)
    _refuse_what_always_errs(expression)
    for name in sorted(variables_in(expression) & unknown):
        raise PolicyError(f"{name} has no value here; {instead}")


def _refuse_what_always_errs(expression: str) -> None:
    if _BY_ZERO.search(STRINGS.sub("''", expression)):
        raise PolicyError("divides by 0, which is never answered; allowed: a number that is not 0")
    for found in _PATTERN.finditer(expression):
        answer = _environment(frozenset()).compile(f'"".matches({found[1]})').eval(data={})
        if answer.type() == cel.Type.ERROR:
            raise PolicyError(f"{str(answer.value()).removeprefix('INVALID_ARGUMENT: ')}; allowed: RE2 patterns")


def _text_of(literal: str) -> str:
    """What a literal says: \\x61 is an a."""
    try:
        return str(_environment(frozenset()).compile(literal).eval(data={}).value())
    except RuntimeError:
        return literal[1:-1]


def refuse_sensitive(expression: str, sensitive: SensitiveRules) -> None:
    """Neither a sensitive attribute, nor the answer to a question about one, nor a taste for sensitive goods.

    Raises:
        PolicyError: names what is sensitive.
    """
    for name in sorted(names_in(expression) - VARIABLES.keys()):
        found = sensitive.attribute_in(name.removeprefix("known_"))
        if found is not None:
            raise PolicyError(f"names the sensitive attribute {found!r}, which no decision may use")
    for text in STRINGS.findall(expression) if TASTES & names_in(expression) else ():
        if sensitive.is_category(_text_of(text)):
            raise PolicyError(f"asks a customer's taste for the sensitive category {text}, which no decision may use")
        found = sensitive.attribute_in(_text_of(text)) if _ANSWERS in names_in(expression) else None
        if found is not None:
            raise PolicyError(f"asks the answers for the sensitive attribute {found!r}, which no decision may use")


@lru_cache(maxsize=64)
def _environment(questions: frozenset[str]) -> Any:
    types = {variable.name: _KINDS[variable.kind] for variable in VARIABLES.values()}
    types |= {known_name(name): cel.Type.BOOL for name in VARIABLES}
    for question in questions:
        types |= {ANSWER + question: cel.Type.STRING, known_name(ANSWER + question): cel.Type.BOOL}
    return cel.NewEnv(variables=types)
