"""What every rule said about every action of one question, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from serving.choice import Situation
from serving.decide import decide_for, situation
from serving.expression import answers_in, variables_in
from serving.judge import forced
from serving.live import LiveSnapshot
from serving.person import Person
from serving.policy import Rule
from serving.question import Context, Decision, Question
from serving.rulebook import Compiled
from serving.variables import ANSWER, Value, known_name
from serving.visit import Visit

Said = Literal["yes", "no", "errs"]
_SAID: dict[bool | None, Said] = {True: "yes", False: "no", None: "errs"}


class Spoken(msgspec.Struct, frozen=True):
    """One rule about one action: what it said, what came of it, and the values it read (None: not known).

    `outcome` begins with `fired`, `blocked`, `passed`, `silent` or `shadowed`.
    """

    rule: str
    policy: str
    owner: str
    effect: str
    priority: int
    action: str
    said: Said
    outcome: str
    read: dict[str, Value | None]


class Trace(msgspec.Struct, frozen=True):
    """A decision and all that rules said on the way; `note` where no rule was asked."""

    decision: Decision
    rules: list[Spoken]
    note: str = ""


def trace(
    live: LiveSnapshot, person: Person, question: Question, context: Context, now: datetime, visit: Visit | None = None
) -> Trace:
    """Decide, and tell what every rule said. Rules of an answer without choosing (consent, pause) are not asked."""
    decision = decide_for(live, person, question, context, now, visit)
    if decision.rung in ("no_consent", "paused"):
        return Trace(decision, [], f"no rule was asked: {decision.rung.value}")
    placement = live.placements[question.placement]
    at = situation(live, placement, person, context, now, visit, question.paused)
    owners = {
        rule.name: (policy.name, rule.owner or policy.owner) for policy in live.reader.policies for rule in policy.rules
    }
    told = [
        Spoken(
            one.rule.name,
            *owners.get(one.rule.name, (placement.name, placement.owner)),
            one.rule.effect,
            one.rule.priority,
            action,
            _SAID[one.program.answer(at.bench.values(action))],
            outcome,
            read_by(one.rule, at.bench.values(action)),
        )
        for action in at.bench.running
        for one, outcome in _outcomes(at, action, decision)
    ]
    return Trace(decision, told)


def read_by(rule: Rule, values: Mapping[str, Value]) -> dict[str, Value | None]:
    """The values that a rule's expression names; None for what is not known."""
    names = variables_in(rule.when) | {ANSWER + question for question in answers_in(rule.when)}
    return {name: values[name] if values[known_name(name)] else None for name in sorted(names)}


def _outcomes(at: Situation, action: str, decision: Decision) -> Iterator[tuple[Compiled, str]]:
    book, name = at.live.rulebook, at.placement.name
    values = at.bench.values(action)
    spared = action in (at.placement.plain, at.placement.no_consent)
    objected = ""
    for compiled in book.guard(name, action).rules:
        if spared:
            yield compiled, "passed: rules spare the plain action"
        elif compiled.permits(values):
            yield compiled, "passed"
        else:
            yield compiled, f"shadowed by {objected}, which blocked it first" if objected else "blocked"
            objected = objected or compiled.rule.name
    yield from _forces(at, action, decision)
    for compiled in book.reasons(name, action):
        said = compiled.program.answer(values) is True
        shown = "fired: added its sentence" if decision.action == action else "silent: another action was chosen"
        yield compiled, shown if said else "silent"


def _forces(at: Situation, action: str, decision: Decision) -> Iterator[tuple[Compiled, str]]:
    winner = forced(at.live, at.placement, at.bench)
    taken = {one.action: one.rule for one in at.bench.blocked if one.product_id is None}
    for compiled in at.live.rulebook.forces(at.placement.name, action):
        if compiled.program.answer(at.bench.values(action)) is not True:
            yield compiled, "silent"
        elif action not in at.bench.permitted:
            yield compiled, f"shadowed by {taken.get(action, 'a rule')}, which blocked {action}"
        elif winner is not None and winner.rule is compiled.rule and winner.action.name == action:
            yield compiled, _of_winner(at, action, decision)
        else:
            yield compiled, f"shadowed by {'another rule' if winner is None else winner.rule.name}"


def _of_winner(at: Situation, action: str, decision: Decision) -> str:
    if at.placement.action(action).task is not None:
        return "silent: lists of products are not forced"
    if decision.action == action:
        return f"fired: chose {action}"
    return f"shadowed by the model, which had this person's share of the traffic and chose {decision.action}"
