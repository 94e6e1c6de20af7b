"""Decisions that name nobody: what a stranger sees, what somebody of a segment sees, and the plain answer."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

import msgspec

from serving.decide import PAUSE_ALL, decide_for
from serving.live import LiveSnapshot
from serving.person import Person
from serving.prepared import PreparedAnswers, plain
from serving.question import Context, Decision, Question
from serving.rungs import Rung
from serving.snapshot.records import ProfileRecord

PLAIN, POPULAR = "plain", "popular"
# Whoever asks for a persona's answer has looked at consent when they learned the persona; nothing else is granted.
_GRANTED = frozenset({"analytics", "personalization"})


def decide_for_segment(
    live: LiveSnapshot, prepared: PreparedAnswers, question: Question, context: Context, now: datetime
) -> Decision:
    """The best known answer without exploring.

    Args:
        live: the snapshot to answer from.
        prepared: whose calm view of it is used.
        question: its `request_id` is `plain`, `popular` or the number of a segment.
        context: the moment.
        now: aware.
    """
    asked = question.request_id
    level = asked if asked in (PLAIN, POPULAR) else f"persona{asked}"
    whole = Question(question.placement, (), question.paused, level)
    decision = decide_for(prepared.calm(live), _somebody(asked), whole, context, now)
    named = decision.personalization_id
    if asked == PLAIN:
        paused = PAUSE_ALL in question.paused or question.placement in question.paused
        decision = plain(live, live.placements[question.placement], Rung.PAUSED if paused else Rung.PLAIN)
    # The same question may be answered otherwise under a pause or at another hour: then it is another decision.
    name = "\x1f".join((named, decision.action, decision.rung)).encode()
    return msgspec.structs.replace(decision, personalization_id=blake2b(name, digest_size=16).hexdigest())


def _somebody(asked: str) -> Person:
    if asked in (PLAIN, POPULAR):
        return Person(None, "", frozenset())
    granted = {f"consent_{purpose}": True for purpose in _GRANTED}
    profile = ProfileRecord(customer_id="", segment_id=int(asked), **granted)  # type: ignore[arg-type]
    return Person(profile, "", _GRANTED)
