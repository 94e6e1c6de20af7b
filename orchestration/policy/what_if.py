"""Logged traffic asked again under other placements and policies: who would see what else, and what it would cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from intake.log_line import payload
from serving.decide import decide_for
from serving.live import LiveSnapshot
from serving.person import Person, find_person
from serving.question import Context, Decision, Question
from serving.trace import Spoken, trace
from serving.visit import Visit

# Telling what every rule says costs ten decisions, and rules repeat.
TRACED = 5_000
EVERYBODY = "everybody"


class Slice(msgspec.Struct):
    """Decisions of a segment or group: how many, how many change, and the expected margin before and after."""

    decisions: int = 0
    changed: int = 0
    margin_before: float = 0.0
    margin_after: float = 0.0
    incentive_before: float = 0.0
    incentive_after: float = 0.0

    @property
    def margin_delta(self) -> float:
        """Expected margin after less before, in the shop's currency."""
        return self.margin_after - self.margin_before


class Change(msgspec.Struct, frozen=True):
    """How often one action of a placement gives way to another."""

    placement: str
    before: str
    after: str
    decisions: int
    people: int


class WhatIf(msgspec.Struct, kw_only=True):
    """The report. `blocked_before` and `blocked_after` count objections by rule (floors among them); `unmeasured` are
    decisions whose margin nothing tells of, counted as 0; `dead` are rules that never mattered in the traced part,
    `conflicts` pairs of force rules that wanted different actions at once."""

    days: int
    decisions: int
    people: int
    changed_decisions: int
    changed_people: int
    unmeasured: int
    changes: list[Change]
    segments: dict[str, Slice]
    groups: dict[str, dict[str, Slice]]
    blocked_before: dict[str, int]
    blocked_after: dict[str, int]
    traced: int
    dead: list[str]
    conflicts: dict[str, int]
    skipped: int = 0


@dataclass(frozen=True)
class Asked:
    """One logged question."""

    question: Question
    context: Context
    now: datetime
    visit: Visit | None


@dataclass
class _Books:
    changes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    people: dict[tuple[str, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    segments: dict[str, Slice] = field(default_factory=lambda: defaultdict(Slice))
    groups: dict[str, dict[str, Slice]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Slice)))
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    everyone: set[str] = field(default_factory=set)
    unmeasured: int = 0
    traced: int = 0
    mattered: set[str] = field(default_factory=set)
    conflicts: Counter[str] = field(default_factory=Counter)


def questions_of(lines: Iterable[bytes]) -> Iterator[Asked | None]:
    """The question of each log line; None where the line is torn or tells too little."""
    for raw in lines:
        try:
            line = msgspec.json.decode(payload(raw))
            said = line["properties"]
            pairs = tuple((pair["type"], pair["value"]) for pair in line["identifiers"])
            question = Question(said["placement"], pairs, frozenset(said.get("replay", {}).get("paused", [])))
            context = msgspec.convert(said["context"], Context)
            yield Asked(question, context, datetime.fromisoformat(line["occurred_at"]), said.get("session"))
        except (ValueError, KeyError, TypeError, msgspec.ValidationError):
            yield None


def what_if(
    now: LiveSnapshot,
    then: LiveSnapshot,
    asked: Iterable[Asked | None],
    days: int,
    groups: Mapping[str, Mapping[str, str]] | None = None,
) -> WhatIf:
    """Ask every question under both sets of rules, on the same profiles, scores and moments.

    Args:
        now: the live version.
        then: the same with the changed files.
        asked: logged questions.
        days: how far they reach back.
        groups: attribute to customer to group, for the fairness slice.
    """
    books, decisions, skipped = _Books(), 0, 0
    for one in asked:
        name = "" if one is None else one.question.placement
        if one is None or name not in now.placements or name not in then.placements:
            skipped += 1
            continue
        person = find_person(now.reader, one.question.identifiers)
        before = decide_for(now, person, one.question, one.context, one.now, one.visit)
        other = find_person(then.reader, one.question.identifiers)
        after = decide_for(then, other, one.question, one.context, one.now, one.visit)
        decisions += 1
        _enter(books, now, then, person, before, after, groups or {})
        if books.traced < TRACED:
            books.traced += 1
            _hear(books, trace(then, other, one.question, one.context, one.now, one.visit).rules)
    return _report(books, then, days, decisions, skipped)


def _enter(
    books: _Books,
    now: LiveSnapshot,
    then: LiveSnapshot,
    person: Person,
    before: Decision,
    after: Decision,
    groups: Mapping[str, Mapping[str, str]],
) -> None:
    whose = person.unit or "nobody"
    books.everyone.add(whose)
    if before.action != after.action:
        key = before.placement, before.action, after.action
        books.changes[key] += 1
        books.people[key].add(whose)
    books.before.update({block.rule for block in before.blocked})
    books.after.update({block.rule for block in after.blocked})
    margins = margin_of(now, before), margin_of(then, after)
    books.unmeasured += None in margins
    segment = "unknown" if before.segment_id is None else str(before.segment_id)
    slices = [books.segments[EVERYBODY], books.segments[segment]]
    customer = "" if person.profile is None else person.profile.customer_id
    slices += [books.groups[name][of[customer]] for name, of in groups.items() if customer in of]
    for each in slices:
        each.decisions += 1
        each.changed += before.action != after.action
        each.margin_before += margins[0] or 0.0
        each.margin_after += margins[1] or 0.0
        each.incentive_before += now.placements[before.placement].action(before.action).incentive.value
        each.incentive_after += then.placements[after.placement].action(after.action).incentive.value


def margin_of(live: LiveSnapshot, decision: Decision) -> float | None:
    """Expected margin of a decision: measured in the randomised log, else declared less its cost; None when neither."""
    for segment in (decision.segment_id, -1):
        for row in [] if segment is None else live.decisions.get((decision.placement, segment, "any"), []):
            if row.action == decision.action and "margin" in row.basis:
                return row.score
    action = live.placements[decision.placement].action(decision.action)
    if action.margin_effect is not None:
        return action.margin_effect - action.cost
    return -action.cost if action.cost else None


def _hear(books: _Books, rules: Iterable[Spoken]) -> None:
    wanted: dict[str, str] = {}
    for one in rules:
        if one.outcome.startswith(("fired", "blocked")):
            books.mattered.add(one.rule)
        if one.effect == "force" and one.said == "yes":
            for other, action in wanted.items():
                if action != one.action and other != one.rule:
                    books.conflicts[" / ".join(sorted((other, one.rule)))] += 1
            wanted[one.rule] = one.action


def _report(books: _Books, then: LiveSnapshot, days: int, decisions: int, skipped: int) -> WhatIf:
    every = {rule.name for policy in then.reader.policies for rule in policy.rules if rule.target == "action"}
    heard = books.mattered | books.after.keys()
    changed = [
        Change(*key, count, len(books.people[key])) for key, count in sorted(books.changes.items(), key=lambda i: -i[1])
    ]
    return WhatIf(
        days=days,
        decisions=decisions,
        people=len(books.everyone),
        changed_decisions=sum(books.changes.values()),
        changed_people=len(set().union(*books.people.values())) if books.people else 0,
        unmeasured=books.unmeasured,
        changes=changed,
        segments=dict(sorted(books.segments.items())),
        groups={name: dict(sorted(of.items())) for name, of in books.groups.items()},
        blocked_before=dict(books.before.most_common()),
        blocked_after=dict(books.after.most_common()),
        traced=books.traced,
        dead=sorted(every - heard),
        conflicts=dict(books.conflicts.most_common()),
        skipped=skipped,
    )
