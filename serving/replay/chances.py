"""What a logged question could have got: the probability of every action, as today's evaluator draws."""

from __future__ import annotations

from datetime import datetime

import msgspec

from serving.decide import choose, decide_for, situation
from serving.live import LiveSnapshot
from serving.person import Person
from serving.question import Context, Question
from serving.replay.again import person_then, read_line
from serving.visit import Visit

Chances = dict[str, float]


def chances(live: LiveSnapshot, raw: bytes) -> Chances | None:
    """Probability of each action for the question of a log line under the rules of `live`.

    Args:
        live: the snapshot that the line names, perhaps with other placements, policies and experiments.
        raw: the line as it stands in the log.

    Returns:
        Action to probability, adding up to 1; None where nothing is chosen (an answer prepared for everybody or for a
        cache), or where a repeated first draw does not tell the row it came from.

    Raises:
        NotReplayableError: the line is torn, or does not note what it read.
        KeyError: there is no such placement.
    """
    line, inputs = read_line(raw)
    if inputs.prepared_at is not None or inputs.segment:
        return None
    said = line["properties"]
    live = live.named(said["snapshot_version"])
    pairs = tuple((pair["type"], pair["value"]) for pair in line["identifiers"])
    question = Question(said["placement"], pairs, frozenset(inputs.paused), inputs.request_id)
    context = msgspec.convert(said["context"], Context)
    person = person_then(live, pairs, inputs)
    return _chances(live, person, question, context, datetime.fromisoformat(line["occurred_at"]), said.get("session"))


def _chances(
    live: LiveSnapshot, person: Person, question: Question, context: Context, now: datetime, visit: Visit | None
) -> Chances | None:
    decision = decide_for(live, person, question, context, now, visit)
    if decision.propensity >= 1.0:
        return {decision.action: 1.0}
    at = situation(live, live.placements[question.placement], person, context, now, visit, question.paused)
    choice = choose(at)
    total = sum(choice.row)
    if choice.action.name not in choice.candidates or total <= 0:
        return None
    found: Chances = {}
    for name, p in zip(choice.candidates, choice.row, strict=True):
        found[name] = found.get(name, 0.0) + p / total
    return found
