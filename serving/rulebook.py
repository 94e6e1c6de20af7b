"""All rules of a snapshot, compiled once and ordered by the placement and action they concern."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

from serving.evidence import action_values
from serving.expression import answers_in, compile_rule, names_in, variables_in
from serving.placement import Action, Placement, expressions_of
from serving.policy import Policy, Rule
from serving.variables import ANSWER, VARIABLES, Value, known_name

# Answers repeat, since people share segments and actions: 1 µs from the memo against 10 µs from the engine.
_MEMO_ENTRIES = 20_000
_NOT_NOW = "This is not the moment for a question."
_ASKING: tuple[Literal["allow", "force"], ...] = ("allow", "force")
_ALL_NAMES = frozenset(VARIABLES) | {known_name(name) for name in VARIABLES}


class Program:
    """A compiled yes-or-no question about a set of values."""

    def __init__(self, expression: str) -> None:
        self._program = compile_rule(expression)
        answers = {ANSWER + question for question in answers_in(expression)}
        named = _ALL_NAMES | answers | {known_name(answer) for answer in answers}
        self.names = tuple(sorted(names_in(expression) & named))
        self._key = _reading(self.names)
        self._memo: dict[Any, bool | None] = {}

    def answer(self, values: Mapping[str, Value]) -> bool | None:
        """True or False; None when the expression errs, which is never a yes."""
        key = self._key(values)
        try:
            return self._memo[key]
        except KeyError:
            answer = self._memo[key] = self.evaluate(values)
            if len(self._memo) > _MEMO_ENTRIES:
                self._memo.clear()
            return answer

    def evaluate(self, values: Mapping[str, Value]) -> bool | None:
        """`answer`, asked of the engine."""
        named = {name: values[name] for name in self.names}
        # The engine knows lists, and no tuples.
        told = {name: [*value] if type(value) is tuple else value for name, value in named.items()}
        found: Any = self._program.eval(data=told).value()
        # An error value is truthy, so nothing but the two bools counts.
        return found if found is True or found is False else None


def _reading(names: Sequence[str]) -> Callable[[Mapping[str, Value]], Any]:
    """What reads these names; without any there is one key, for an expression without names is a constant."""
    return itemgetter(*names) if names else lambda _: None


@dataclass(frozen=True)
class Compiled:
    """A rule with its program."""

    rule: Rule
    program: Program

    def permits(self, values: Mapping[str, Value]) -> bool:
        """Whether an allow or block rule lets the action pass; an error never does."""
        return self.program.answer(values) is (self.rule.effect == "allow")


class Guard:
    """All allow and block rules of one action, fused into one expression for the usual case that all pass.

    Args:
        rules: in any order.
        fixed: values of the action that no request changes; they need not be among those it is asked about.
    """

    def __init__(self, rules: Iterable[Compiled], fixed: Mapping[str, Value] | None = None) -> None:
        self.rules = sorted(rules, key=lambda compiled: (-compiled.rule.priority, compiled.rule.name))
        parts = [f"({c.rule.when})" if c.rule.effect == "allow" else f"!({c.rule.when})" for c in self.rules]
        self._fused = Program(" && ".join(parts) or "true")
        self._fixed = dict(fixed or {})
        self._key = _reading([name for name in self._fused.names if name not in self._fixed])
        self._memo: dict[Any, Rule | None] = {}

    def objection(self, values: Mapping[str, Value]) -> Rule | None:
        """The first rule, by priority, that does not let the action pass; None when all do."""
        key = self._key(values)
        try:
            return self._memo[key]
        except KeyError:
            if len(self._memo) >= _MEMO_ENTRIES:
                self._memo.clear()
            found = self._memo[key] = self._objection({**values, **self._fixed})
            return found

    def _objection(self, values: Mapping[str, Value]) -> Rule | None:
        if self._fused.evaluate(values) is True:
            return None
        return next((compiled.rule for compiled in self.rules if not compiled.permits(values)), self.rules[0].rule)


def questions_asked(placements: Iterable[Placement]) -> list[Rule]:
    """A question is asked at its moment of value and at no other."""
    return [
        Rule(
            name=f"moment_of_{action.ask.question}"[:64],
            effect=effect,
            when=action.ask.when,
            reason=action.reason or _NOT_NOW if effect == "force" else _NOT_NOW,
            placements=[placement.name],
            actions=[action.name],
            priority=action.ask.priority,
        )
        for placement in placements
        for action in placement.actions
        if action.ask is not None
        for effect in _ASKING
    ]


class Rulebook:
    """Rules by placement and action.

    Raises:
        PolicyError: an expression does not compile.
    """

    def __init__(self, placements: Iterable[Placement], policies: Iterable[Policy]) -> None:
        placements = list(placements)
        every = [*(rule for policy in policies for rule in policy.rules), *questions_asked(placements)]
        rules = [Compiled(rule, Program(rule.when)) for rule in every]
        rules.sort(key=lambda compiled: (-compiled.rule.priority, compiled.rule.name))
        self._guards: dict[tuple[str, str], Guard] = {}
        self._product_guards: dict[tuple[str, str], Guard] = {}
        self._forces: dict[tuple[str, str], list[Compiled]] = {}
        self._reasons: dict[tuple[str, str], list[Compiled]] = {}
        self._first = {p.name: Program(p.hybrid.rules_first) for p in placements if p.hybrid and p.hybrid.rules_first}
        self._forcing: set[str] = set()
        self._read: dict[str, frozenset[str]] = {}
        for placement in placements:
            concerning = [
                one.rule.when
                for one in rules
                if any(one.rule.concerns(placement.name, a.name) for a in placement.actions)
            ]
            own = [expression for _, expression in expressions_of(placement)]
            self._read[placement.name] = frozenset[str]().union(*map(variables_in, (*concerning, *own)))
            for action in placement.actions:
                self._add(placement.name, action, rules)

    def _add(self, placement: str, action: Action, rules: list[Compiled]) -> None:
        key = placement, action.name
        mine = [compiled for compiled in rules if compiled.rule.concerns(*key)]
        guards = [compiled for compiled in mine if compiled.rule.effect in ("allow", "block")]
        of_action = (compiled for compiled in guards if compiled.rule.target == "action")
        self._guards[key] = Guard(of_action, action_values(action))
        self._product_guards[key] = Guard(compiled for compiled in guards if compiled.rule.target == "product")
        self._forces[key] = [compiled for compiled in mine if compiled.rule.effect == "force"]
        if self._forces[key]:
            self._forcing.add(placement)
        self._reasons[key] = [compiled for compiled in mine if compiled.rule.effect == "reason"]

    def read_in(self, placement: str) -> frozenset[str]:
        """Documented variables that some expression about a placement names."""
        return self._read[placement]

    def forcing(self, placement: str) -> bool:
        """Whether some force rule is about an action of a placement."""
        return placement in self._forcing

    def goes_first(self, placement: str, values: Mapping[str, Value]) -> bool:
        """Whether the rules of a hybrid always go first for whoever has these values; an error says no."""
        program = self._first.get(placement)
        return program is not None and program.answer(values) is True

    def guard(self, placement: str, action: str) -> Guard:
        """Allow and block rules about an action."""
        return self._guards[placement, action]

    def product_guard(self, placement: str, action: str) -> Guard:
        """Allow and block rules about each product an action would show."""
        return self._product_guards[placement, action]

    def forces(self, placement: str, action: str) -> list[Compiled]:
        """Force rules about an action, highest priority first."""
        return self._forces[placement, action]

    def reasons(self, placement: str, action: str) -> list[Compiled]:
        """Reason rules about an action, highest priority first."""
        return self._reasons[placement, action]
