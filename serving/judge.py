"""Which actions of a placement are permitted now, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from serving.evidence import Evidence
from serving.live import LiveSnapshot
from serving.placement import Action, Placement
from serving.policy import Rule
from serving.question import Blocked
from serving.showings import NOTHING_SHOWN, Showings
from serving.snapshot.records import ProductRecord
from serving.variables import Value

_UNDECIDABLE = "This could not be checked, so it is not offered."


@dataclass
class Bench:
    """The permitted actions by name, in the order of the file, what was blocked, and what contents are filled with."""

    permitted: dict[str, Action]
    values: dict[str, dict[str, Value]]
    blocked: list[Blocked] = field(default_factory=list)
    filled: dict[str, dict[str, Any]] = field(default_factory=dict)

    def block(self, action: str, why: str, rule: str) -> None:
        """Take an action off the bench."""
        self.permitted.pop(action, None)
        self.blocked.append(Blocked(action, why, rule))


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
    bench = Bench({}, {})
    for action, fixed, guard, is_plain, is_spared in live.candidates[placement.name]:
        if not action.runs_at(now) or (channel and action.channels and channel not in action.channels):
            continue
        name = action.name
        values = bench.values[name] = evidence.of_action(action, fixed)
        if is_spared:
            if is_plain:
                bench.permitted[name] = action
            continue
        objection = None if shown is NOTHING_SHOWN else shown.objection(live.watched, placement, action, now)
        if objection is not None:
            bench.blocked.append(objection)
            continue
        rule = guard.objection(values)
        if rule is None:
            bench.permitted[name] = action
        else:
            bench.block(name, rule.reason, rule.name)
    return bench


def forced(live: LiveSnapshot, placement: Placement, bench: Bench) -> Forced | None:
    """The permitted action with the highest force rule that says yes; one whose rule errs is blocked."""
    if not live.rulebook.forcing(placement.name):
        return None
    best: tuple[int, Forced] | None = None
    for action in list(bench.permitted.values()):
        for compiled in live.rulebook.forces(placement.name, action.name):
            answer = compiled.program.answer(bench.values[action.name])
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
    found: list[tuple[str, ProductRecord | None]] = []
    for product_id in product_ids:
        if len(found) == placement.max_items:
            break
        product = live.reader.product(product_id)
        rule = (
            guard.objection(evidence.of_product(bench.values[action.name], product_id, product))
            if guard.rules
            else None
        )
        if rule is None:
            found.append((product_id, product))
        else:
            bench.blocked.append(Blocked(action.name, rule.reason, rule.name, product_id))
    return found


def added_reasons(live: LiveSnapshot, placement: Placement, action: Action, bench: Bench) -> list[str]:
    """Sentences of reason rules that say yes about the chosen action."""
    rules = live.rulebook.reasons(placement.name, action.name)
    return [c.rule.reason for c in rules if c.program.answer(bench.values[action.name]) is True]
