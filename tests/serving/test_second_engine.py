"""The engine that decides against another implementation of the same language, on random values and expressions."""

from __future__ import annotations

from functools import cache
from typing import Any

import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.content import load_content
from serving.expression import answers_in, compile_rule, names_in, variables_in
from serving.rulebook import Program
from serving.variables import ANSWER, VARIABLES, Value, known_name
from tests.serving import sample

CONTENT = load_content(sample.CONFIG)
RULES = {rule.name: rule.when for policy in CONTENT.policies for rule in policy.rules}
WORDS = ["", "mobile", "GROCERY", "MEAT", "NUTRITION", "none", "loose", "detail", "customer", "engaged", "APPAREL"]
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "int": st.one_of(st.integers(-3, 70), st.sampled_from([2**62, -(2**62)])),
    "double": st.one_of(st.sampled_from([0.0, 0.05, 0.25, 3.0, 15.0, 50.0, 500.0, 1e308]), st.floats(-10, 1000)),
    "string": st.sampled_from(WORDS),
    "bool": st.booleans(),
    "list": st.lists(st.sampled_from(["away", "big_spenders"])).map(tuple),
}


@cache
def other(expression: str) -> Any:
    return cel.compile(expression)


def second_opinion(expression: str, values: dict[str, Value]) -> bool | None:
    try:
        answer = other(expression).execute(values)
    except (ValueError, RuntimeError, TypeError, ArithmeticError):
        return None
    return answer if isinstance(answer, bool) else None


def drawn(data: st.DataObject, expression: str) -> dict[str, Value]:
    values: dict[str, Value] = {"hour": 1, "known_hour": True}
    for name in sorted(variables_in(expression)):
        values[name] = data.draw(VALUES[VARIABLES[name].kind], label=name)
        values[known_name(name)] = data.draw(st.booleans())
    for question in answers_in(expression):
        values[ANSWER + question] = data.draw(VALUES["string"])
        values[known_name(ANSWER + question)] = data.draw(st.booleans())
    return {name: value + 0.0 if isinstance(value, float) else value for name, value in values.items()}


@settings(max_examples=300)
@given(data=st.data(), name=st.sampled_from(sorted(RULES)))
def test_shipped_rules_mean_the_same_to_both(data: st.DataObject, name: str) -> None:
    values = drawn(data, RULES[name])
    assert Program(RULES[name]).answer(values) is second_opinion(RULES[name], values)


# A number with a point over zero is infinite to the one engine, as the language says, and an error to the other.
COMPARED = st.sampled_from(
    [
        "hour > 6", "hour <= weekday", "hour / weekday > 1", "hour % weekday == 0", "hour * hour > 9",
        "cart_value >= 15.0", "list_price > 1.0 && cart_value / list_price < 0.5", "cart_value - list_price > 3.0",
        "device_type == \"mobile\"", "device_type in [\"mobile\", \"tablet\"]", "device_type.startsWith(\"mo\")",
        "size(device_type) > 3", "device_type != page_type", "customer_known", "known_stock",
        "has_app == customer_known",
    ]
)  # fmt: skip
EXPRESSIONS = st.recursive(
    COMPARED,
    lambda inner: st.one_of(
        st.builds("({}) && ({})".format, inner, inner),
        st.builds("({}) || ({})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({}) ? ({}) : ({})".format, inner, inner, inner),
    ),
    max_leaves=5,
)


@settings(max_examples=300)
@given(data=st.data(), expression=EXPRESSIONS)
def test_random_expressions_mean_the_same_to_both(data: st.DataObject, expression: str) -> None:
    assert compile_rule(expression) is not None
    values = drawn(data, expression)
    assert set(values) >= names_in(expression)
    assert Program(expression).answer(values) is second_opinion(expression, values)
