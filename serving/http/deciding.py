"""One person's decisions, chosen, counted and logged: the same for a page, a batch and a cache."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

import msgspec

from serving.decide import PAUSE_ALL, decide_for
from serving.http.problems import Problem, refuse
from serving.lines import decision_line, shown_with_decision
from serving.live import LiveSnapshot
from serving.person import Person, find_person
from serving.question import Context, Decision, Question
from serving.replay.inputs import inputs_for_everybody, inputs_of
from serving.service import Service
from serving.showings import ASKED, SHOWN
from serving.visit import Visit

DEADLINE, OVERLOAD = "deadline", "overload"


class Asked(NamedTuple):
    """Who asks (hashed identifiers that count), for what, in which moment."""

    identifiers: tuple[tuple[str, str], ...]
    placements: Sequence[str]
    context: Context
    request_id: str


class Budget(msgspec.Struct, frozen=True):
    """Until when (`perf_counter`) a request wants its answer, and whether too many wait with it."""

    until: float
    is_crowded: bool = False

    def spent(self) -> str | None:
        """Why there is no time to choose; None while there is."""
        if self.is_crowded:
            return OVERLOAD
        return DEADLINE if perf_counter() >= self.until else None


def decided(
    service: Service, live: LiveSnapshot, asked: Asked, now: datetime, budget: Budget | None = None
) -> list[Decision]:
    """A decision for each placement, all from `live`; what there is no time for is the answer prepared for everybody.

    Nothing here waits, so that the version cannot change underneath.
    """
    cause = budget.spent() if budget else None
    if cause is not None:
        return [_late(service, live, asked, name, now, cause) for name in asked.placements]
    hashed, context = asked.identifiers, asked.context
    found = find_person(live.reader, hashed)
    filled = service.live_side.filled()
    person = service.live_side.person(found, hashed, context, filled)
    # Of somebody who is not to be tracked it is known that a decision was made, and not for whom.
    whose = hashed if person.is_tracked else ()
    context = context if person.is_tracked else nameless(context)
    visit = service.live_side.visit(live, person, hashed, now, context.session_id, filled)
    decisions = []
    for name in asked.placements:
        cause = budget.spent() if budget else None
        if cause is not None:
            decisions.append(_late(service, live, asked, name, now, cause))
            continue
        question = Question(name, hashed, service.paused, asked.request_id)
        decision = _timed(service, live, person, question, context, now, visit)
        inputs = inputs_of(decision, question, found, person)
        service.decisions.offer(decision_line(decision, whose, context, now, visit, inputs))
        service.live_side.assigned(live, person, whose, decision, now)
        if live.placements[name].exposure == "on_decide":
            service.exposures.offer(shown_with_decision(decision, whose, context, now))
            service.metrics.exposed(name)
            service.live_side.shown(live, whose, name, decision.action, now)
            service.live_side.exposed(live, whose, context.session_id, name, decision.action, now)
        asking = live.watched.questions.get(f"{name}/{decision.action}")
        if asking is not None:
            # One question a visit, also among the placements of one request.
            visit = {**(visit or {}), f"{SHOWN}{ASKED}{asking}": str(int(now.timestamp()))}
        decisions.append(decision)
    return decisions


def nameless(context: Context) -> Context:
    """The moment without the name of the visit, for the log lines of people who are not to be recorded."""
    return context if context.session_id is None else msgspec.structs.replace(context, session_id=None)


def check_placements(live: LiveSnapshot, names: Sequence[str]) -> None:
    """Every placement is one of the snapshot's.

    Raises:
        Problem: 422 for the first that is not.
    """
    for index, name in enumerate(names):
        if name not in live.placements:
            raise refuse(
                422,
                "unknown_placement",
                "There is no such placement.",
                field=f"placements[{index}]",
                value=name,
                allowed=sorted(live.placements),
            )


def unready() -> Problem:
    """The refusal before the first snapshot."""
    return refuse(503, "no_snapshot", "No snapshot has been published yet.")


def _late(
    service: Service, live: LiveSnapshot, asked: Asked, placement: str, now: datetime, cause: str
) -> Decision:  # fmt: skip
    paused = PAUSE_ALL in service.paused or placement in service.paused
    decision = service.prepared.answer(live, placement, paused, asked.request_id, now)
    service.metrics.late(decision, cause)
    question = Question(placement, (), service.paused, asked.request_id)
    inputs = inputs_for_everybody(decision, question, prepared_at=service.prepared.made_at)
    # Whether the person may be recorded was not looked up, so nothing says who it was.
    service.decisions.offer(decision_line(decision, (), nameless(asked.context), now, inputs=inputs))
    return decision


def _timed(
    service: Service,
    live: LiveSnapshot,
    person: Person,
    question: Question,
    context: Context,
    now: datetime,
    visit: Visit | None,
) -> Decision:
    began = perf_counter()
    try:
        decision = decide_for(live, person, question, context, now, visit)
    except Exception:
        # The request ends with 500; which of its placements it was decides what is to be paused.
        service.metrics.failed(question.placement)
        raise
    service.metrics.decision(decision, (perf_counter() - began) * 1e3)
    return decision
