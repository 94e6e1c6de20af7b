"""Whether rules name placements, actions and questions that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from serving.expression import answers_in
from serving.placement import Placement
from serving.policy import Policy, Rule
from serving.yaml_file import ConfigError


@dataclass(frozen=True)
class Dangling:
    """A name in a rule that nothing answers to; `location` is its place in the policy's file."""

    policy: str
    location: tuple[int | str, ...]
    message: str


def check_references(policies: Sequence[Policy], placements: Sequence[Placement]) -> None:
    """Everything a rule names exists.

    Raises:
        ConfigError: names policy, rule, value and what is allowed.
    """
    found = [f"{one.policy}.yml: {one.message}" for one in dangling(policies, placements)]
    if found:
        raise ConfigError(found[0], found)


def dangling(policies: Sequence[Policy], placements: Sequence[Placement]) -> list[Dangling]:
    """Every name in a rule that nothing answers to."""
    actions = {p.name: frozenset(action.name for action in p.actions) for p in placements}
    questions = frozenset(action.ask.question for p in placements for action in p.actions if action.ask)
    return [
        Dangling(policy.name, ("rules", index, *place), f"rule {rule.name}: {message}")
        for policy in policies
        for index, rule in enumerate(policy.rules)
        for place, message in _of_rule(rule, actions, questions)
    ]


def _of_rule(
    rule: Rule, actions: Mapping[str, frozenset[str]], questions: frozenset[str]
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    named = [actions[name] for name in rule.placements if name in actions] if rule.placements else actions.values()
    allowed = frozenset[str]().union(*named)
    yield from _unknown("placements", rule.placements, frozenset(actions))
    if allowed:
        yield from _unknown("actions", rule.actions, allowed)
    for question in sorted(answers_in(rule.when) - questions):
        told = ", ".join(sorted(questions)) or "none"
        yield ("when",), f"when: no action asks the question {question!r}; allowed: {told}"


def _unknown(field: str, names: Sequence[str], allowed: frozenset[str]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    for index, name in enumerate(names):
        if name not in allowed:
            near = get_close_matches(name, allowed, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield (field, index), f"{field}: {name!r} is unknown; allowed: {', '.join(sorted(allowed))}{hint}"
