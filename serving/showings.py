"""What a person was shown before and has answered, as far as caps and questions ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import msgspec

from serving.action import Action
from serving.expression import answers_in
from serving.person import Person
from serving.placement import Placement
from serving.policy import Policy
from serving.question import Blocked
from serving.strategy import WINDOW_SECONDS, Cap
from serving.variables import ANSWER, Value
from serving.visit import Visit

SHOWN = "shown:"
"""Prefix of a visit's keys that tell what was shown since the snapshot: moments, seconds since 1970, with commas."""
ASKED = "?"
"""Prefix of the name of a question among what was shown."""
KEPT = 64
ANSWERS = "zero_party_answers"

_CAPPED = "This has been shown to you often enough."
_ASKED_ALREADY = "This was asked before, and nobody is asked twice."
_ONE_A_VISIT = "One question a visit is enough."
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True)
class Watched:
    """Of all placements, what has to be remembered: actions with caps or questions by `placement/action`."""

    caps: Mapping[str, tuple[Cap, ...]] = field(default_factory=dict)
    questions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every `placement/action` to remember."""
        return frozenset(self.caps) | frozenset(self.questions)

    def noted_for(self, placement: str, action: str) -> list[str]:
        """What to note when an action was shown: itself, and its question; nothing when nobody asks for it."""
        key = f"{placement}/{action}"
        question = self.questions.get(key)
        return [] if key not in self.names else [key] if question is None else [key, ASKED + question]


def watched_in(placements: Iterable[Placement]) -> Watched:
    """What has caps or asks something."""
    caps, questions = {}, {}
    for placement in placements:
        spared = {placement.plain, placement.no_consent}
        for action in placement.actions:
            key = f"{placement.name}/{action.name}"
            own = () if action.name in spared else (*placement.caps, *action.caps)
            if own:
                caps[key] = own
            if action.ask is not None:
                questions[key] = action.ask.question
    return Watched(caps, questions)


def remembering(placements: Iterable[Placement], policies: Iterable[Policy]) -> frozenset[str]:
    """Placements that ask for what was shown or answered before; the others are spared the looking."""
    rules = [rule for policy in policies for rule in policy.rules if answers_in(rule.when)]
    found = set()
    for placement in placements:
        remembers = bool(placement.caps) or any(action.caps or action.ask for action in placement.actions)
        named = any(rule.concerns(placement.name, action.name) for rule in rules for action in placement.actions)
        first = placement.hybrid is not None and bool(answers_in(placement.hybrid.rules_first))
        if remembers or named or first:
            found.add(placement.name)
    return frozenset(found)


@dataclass(frozen=True)
class Showings:
    """Moments (seconds since 1970) at which one person was shown what, and their answers by question."""

    moments: Mapping[str, list[int]]
    answers: Mapping[str, str | None]
    visit_began: float

    def objection(self, watched: Watched, placement: Placement, action: Action, now: datetime) -> Blocked | None:
        """Why an action may not be shown again; None when it may."""
        key, at = f"{placement.name}/{action.name}", now.timestamp()
        question = watched.questions.get(key)
        if question is not None:
            if self.answers.get(question) is not None or self.moments.get(ASKED + question):
                return Blocked(action.name, _ASKED_ALREADY, "never_asked_again")
            if any(name.startswith(ASKED) and max(times) >= self.visit_began for name, times in self.moments.items()):
                return Blocked(action.name, _ONE_A_VISIT, "one_question_a_visit")
        for cap in watched.caps.get(key, ()):
            since = self.visit_began if cap.within == "visit" else at - WINDOW_SECONDS[cap.within]
            if sum(moment > since for moment in self.moments.get(key, ())) >= cap.times:
                return Blocked(action.name, _CAPPED, "exposure_cap")
        return None


def told_of(
    watched: Watched, shown: Mapping[str, list[int]], answers: Mapping[str, tuple[int, str]]
) -> dict[str, Value]:
    """What the live overlay knows, as a visit tells it and a log line keeps it."""
    if not (shown or answers):
        return {}
    asked = frozenset(watched.questions.values())
    told: dict[str, Value] = {
        SHOWN + name: ",".join(map(str, moments))
        for name, moments in shown.items()
        if name in watched.names or name.removeprefix(ASKED) in asked
    }
    return told | {ANSWER + question: said[1] for question, said in answers.items() if question in asked}


NOTHING_SHOWN = Showings({}, {}, 0.0)


def showings_of(watched: Watched, person: Person, visit: Visit | None, now: datetime) -> Showings:
    """What the snapshot and the live overlay know together."""
    if not (watched.caps or watched.questions):
        return NOTHING_SHOWN
    told = visit or {}
    moments = {name: list(times) for name, times in person.profile.shown.items()} if person.profile else {}
    for name, value in told.items():
        if name.startswith(SHOWN):
            known = moments.get(name.removeprefix(SHOWN), [])
            moments[name.removeprefix(SHOWN)] = list({*known, *(int(part) for part in str(value).split(","))})
    seconds = told.get("session_seconds")
    began = now.timestamp() - max(float(seconds) if isinstance(seconds, int | float) else 0.0, WINDOW_SECONDS["visit"])
    return Showings({name: times for name, times in moments.items() if times}, _answers(watched, person, told), began)


def _answers(watched: Watched, person: Person, told: Visit) -> dict[str, str | None]:
    stored = _stored(person) if watched.questions else {}
    answers: dict[str, str | None] = {}
    for question in watched.questions.values():
        live = told.get(ANSWER + question)
        answers[question] = stored.get(question) if live is None else str(live)
    return answers


def _stored(person: Person) -> dict[str, str]:
    if person.profile is None:
        return {}
    try:
        found = _OBJECT.decode(str(person.profile.features.get(ANSWERS) or "{}"))
        return {name: str(msgspec.json.decode(value)) for name, value in found.items() if value != b"null"}
    except msgspec.DecodeError:
        return {}
