"""Which actions of a placement are permitted now, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.evidence import Evidence
from serving.live import Candidate, LiveSnapshot
from serving.placement import Action, Placement
from serving.policy import Rule
from serving.question import Blocked
from serving.showings import NOTHING_SHOWN, Showings
from serving.snapshot.records import ProductRecord
from serving.variables import Value

_UNDECIDABLE = "This could not be checked, so it is not offered."


class Bench:
    """The actions that run, by name and in the order of the file: those that are permitted, what was blocked, and what
    contents are filled with."""

    __slots__ = ("_evidence", "blocked", "filled", "permitted", "running")

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self.running: dict[str, Candidate] = {}
        self.permitted: dict[str, Action] = {}
        self.blocked: list[Blocked] = []
        self.filled: dict[str, dict[str, Any]] = {}

    def values(self, action: str) -> dict[str, Value]:
        """What rules see about an action that runs."""
        candidate = self.running[action]
        return self._evidence.of_action(candidate.action, candidate.values)

    def block(self, action: str, why: str, rule: str) -> None:
        """Take an action off the bench."""
        self.take_off(Blocked(action, why, rule))

    def take_off(self, blocked: Blocked) -> None:
        """Take the action off the bench that this is about."""
        self.permitted.pop(blocked.action, None)
        self.blocked.append(blocked)


@dataclass(frozen=True)
class Forced:
    """The action a force rule chose, and the rule's sentence."""

    action: Action
    reason: str
    rule: Rule


def judge(
    live: LiveSnapshot,
    placement: Placement,
    evidence: Evidence,
    now: datetime,
    shown: Showings = NOTHING_SHOWN,
    channel: str | None = None,
) -> Bench:
    """Put every running action that no rule objects to on the bench; the plain action is not judged.

    Args:
        live: the snapshot with its rules.
        placement: whose actions.
        evidence: values of the request.
        now: aware; what runs, and what was shown too lately.
        shown: what the person was shown before.
        channel: of the request, where it is known; an action made for others does not run.
    """
    bench = Bench(evidence)
    for candidate in live.candidates[placement.name]:
        action, _, guard, is_plain, is_spared, is_always = candidate
        if not is_always and not _runs(action, now, channel):
            continue
        name = action.name
        bench.running[name] = candidate
        if is_spared:
            if is_plain:
                bench.permitted[name] = action
            continue
        objection = None if shown is NOTHING_SHOWN else shown.objection(live.watched, placement, action, now)
        if objection is not None:
            bench.blocked.append(objection)
            continue
        rule = guard.objection(evidence.about(action)) if guard.rules else None
        if rule is None:
            bench.permitted[name] = action
        else:
            bench.block(name, rule.reason, rule.name)
    return bench


def _runs(action: Action, now: datetime, channel: str | None) -> bool:
    return action.runs_at(now) and not (channel and action.channels and channel not in action.channels)


def forced(live: LiveSnapshot, placement: Placement, bench: Bench) -> Forced | None:
    """The permitted action with the highest force rule that says yes; one whose rule errs is blocked."""
    if not live.rulebook.forcing(placement.name):
        return None
    best: tuple[int, Forced] | None = None
    for action in list(bench.permitted.values()):
        rules = live.rulebook.forces(placement.name, action.name)
        values = bench.values(action.name) if rules else {}
        for compiled in rules:
            answer = compiled.program.answer(values)
            if answer is None and action.name != placement.plain:
                bench.block(action.name, _UNDECIDABLE, compiled.rule.name)
                break
            if answer is True and (best is None or compiled.rule.priority > best[0]):
                best = compiled.rule.priority, Forced(action, compiled.rule.reason, compiled.rule)
    # A later rule about the same action may have erred after an earlier one said yes.
    return best[1] if best is not None and best[1].action.name in bench.permitted else None


def permitted_products(
    live: LiveSnapshot, placement: Placement, action: Action, bench: Bench, evidence: Evidence, product_ids: list[str]
) -> list[tuple[str, ProductRecord | None]]:
    """The first `max_items` products that no product rule objects to; the others passed on the way are noted."""
    guard = live.rulebook.product_guard(placement.name, action.name)
    values = bench.values(action.name) if guard.rules else {}
    found: list[tuple[str, ProductRecord | None]] = []
    for product_id in product_ids:
        if len(found) == placement.max_items:
            break
        product = live.reader.product(product_id)
        rule = guard.objection(evidence.of_product(values, product_id, product)) if guard.rules else None
        if rule is None:
            found.append((product_id, product))
        else:
            bench.blocked.append(Blocked(action.name, rule.reason, rule.name, product_id))
    return found


def added_reasons(live: LiveSnapshot, placement: Placement, action: Action, bench: Bench) -> list[str]:
    """Sentences of reason rules that say yes about the chosen action."""
    rules = live.rulebook.reasons(placement.name, action.name)
    values = bench.values(action.name) if rules else {}
    return [c.rule.reason for c in rules if c.program.answer(values) is True]
