"""Compiled rules: only a true yes permits, errors never do, and the memo and the fused form change nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.policy import Rule
from serving.rulebook import Compiled, Guard, Program
from serving.variables import VARIABLES, Value, known_name

BLANK = {name: v.default for name, v in VARIABLES.items()} | {known_name(name): False for name in VARIABLES}


def compiled(effect: str, when: str, name: str = "r", priority: int = 100) -> Compiled:
    rule = Rule.model_validate(
        {"name": name, "effect": effect, "when": when, "reason": f"{name}!", "priority": priority}
    )
    return Compiled(rule, Program(when))


@pytest.mark.parametrize("effect", ["allow", "block"])
def test_an_expression_that_errs_blocks(effect: str) -> None:
    assert Program("1 / weekday > 0").answer(BLANK) is None
    assert not compiled(effect, "1 / weekday > 0").permits(BLANK)
    assert Guard([compiled(effect, "1 / weekday > 0")]).objection(BLANK) is not None


@pytest.mark.parametrize(
    ("effect", "hour", "permitted"), [("allow", 9, True), ("allow", 3, False), ("block", 9, False)]
)
def test_allow_and_block(effect: str, hour: int, permitted: bool) -> None:
    assert compiled(effect, "hour > 6").permits(BLANK | {"hour": hour}) is permitted


def test_the_objection_is_the_highest_priority_rule() -> None:
    rules = [compiled("allow", "hour > 6", "low", 10), compiled("block", "weekday > 5", "high", 90)]
    weekend_night = BLANK | {"hour": 3, "weekday": 7}
    objection = Guard(rules).objection(weekend_night)
    assert objection is not None
    assert objection.name == "high"
    assert Guard(rules).objection(BLANK | {"hour": 9, "weekday": 2}) is None


def test_no_rules_no_objection() -> None:
    assert Guard([]).objection(BLANK) is None


def test_an_error_beside_a_false_rule_still_blocks() -> None:
    rules = [compiled("allow", "1 / weekday > 0", "errs"), compiled("allow", "hour > 6", "night", 200)]
    assert Guard(rules).objection(BLANK | {"hour": 9}) is rules[0].rule
    assert Guard(rules).objection(BLANK) is rules[1].rule


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 23), st.booleans()), max_size=20))
def test_answers_equal_a_second_opinion(moments: list[tuple[float, int, bool]]) -> None:
    program = Program("(known_stock && stock > 0.0) || hour >= 22")
    for stock, hour, known in moments * 2:
        values = BLANK | {"stock": stock + 0.0, "known_stock": known, "hour": hour}
        assert program.answer(values) is ((known and stock > 0.0) or hour >= 22)


@given(
    effects=st.lists(st.tuples(st.sampled_from(["allow", "block"]), st.integers(0, 23)), min_size=1, max_size=5),
    hour=st.integers(0, 23),
)
def test_the_fused_form_equals_rule_by_rule(effects: list[tuple[str, int]], hour: int) -> None:
    rules = [compiled(effect, f"hour > {bound}", f"r{i}") for i, (effect, bound) in enumerate(effects)]
    values = BLANK | {"hour": hour}
    expected = all((hour > bound) is (effect == "allow") for effect, bound in effects)
    assert (Guard(rules).objection(values) is None) is expected


@given(st.lists(st.tuples(st.sampled_from(["none", "percent_off"]), st.floats(0, 90), st.booleans()), max_size=12))
def test_what_no_request_changes_need_not_be_told_again(cases: list[tuple[str, float, bool]]) -> None:
    rules = [
        compiled("allow", "incentive_kind == 'none' || cart_value > 40.0", "large"),
        compiled("block", "known_incentive_value && hour > 6 && !known_cart_value", "known", 200),
    ]
    for kind, cart, known in cases * 2:
        fixed: dict[str, Value] = {
            "incentive_kind": kind,
            "incentive_value": 0.1,
            "known_incentive_value": kind != "none",
        }
        values = BLANK | {"cart_value": cart + 0.0, "known_cart_value": known, "hour": 9}
        assert Guard(rules, fixed).objection(values) == Guard(rules).objection(values | fixed)
