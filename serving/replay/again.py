"""A logged decision made again on the snapshot it was made on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from intake.log_line import payload
from serving.decide import PAUSE_ALL, decide_for
from serving.for_segments import decide_for_segment
from serving.lines import decision_line
from serving.live import LiveSnapshot
from serving.person import Person, find_person
from serving.prepared import PreparedAnswers
from serving.question import Context, Decision, Question
from serving.replay.inputs import Inputs, code_version, digest_of
from serving.snapshot.records import ProfileRecord
from serving.visit import Visit


class NotReplayableError(ValueError):
    """The line does not say enough to be made again; one sentence."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A decision made again.

    `identical`: log line and whole answer have the same bytes as then. `differs` names the fields that are not as they
    were; `content` stands there when only the payload changed. `same_code`: the program is the one that decided.
    """

    personalization_id: str
    identical: bool
    same_code: bool
    differs: list[str]
    decision: Decision


def replay(live: LiveSnapshot, raw: bytes) -> Replayed:
    """Make a logged decision again.

    Args:
        live: the snapshot that the line names, or what was kept of it.
        raw: the line as it stands in the log.

    Raises:
        NotReplayableError: the line is torn, or from a version that did not note what it read.
        KeyError: the snapshot has no such placement.
    """
    line, inputs = read_line(raw)
    said = line["properties"]
    live = live.named(said["snapshot_version"])
    now = datetime.fromisoformat(line["occurred_at"])
    context = msgspec.convert(said["context"], Context)
    pairs = tuple((pair["type"], pair["value"]) for pair in line["identifiers"])
    question = Question(said["placement"], pairs, frozenset(inputs.paused), inputs.request_id)
    visit = said.get("session")
    decision = _decided(live, question, inputs, context, now, visit)
    if inputs.unnamed:
        # Whose it was is not on record, and the id depends on it.
        decision = msgspec.structs.replace(decision, personalization_id=line["personalization_id"])
    again = msgspec.structs.replace(inputs, digest=digest_of(decision))
    made = decision_line(decision, pairs, context, now, visit, again)
    return Replayed(
        personalization_id=line["personalization_id"],
        identical=made.rstrip(b"\n") == raw.strip(),
        same_code=inputs.code == code_version(),
        differs=_differs(said, msgspec.json.decode(payload(made))["properties"]),
        decision=decision,
    )


def _decided(
    live: LiveSnapshot, question: Question, inputs: Inputs, context: Context, now: datetime, visit: Visit | None
) -> Decision:
    if inputs.prepared_at is not None:
        paused = PAUSE_ALL in question.paused or question.placement in question.paused
        return PreparedAnswers().answer(live, question.placement, paused, question.request_id, inputs.prepared_at)
    if inputs.segment:
        return decide_for_segment(live, PreparedAnswers(), question, context, now)
    return decide_for(live, person_then(live, question.identifiers, inputs), question, context, now, visit)


def version_of(raw: bytes) -> str:
    """The snapshot that a line names.

    Raises:
        NotReplayableError: the line is torn, or from a version that did not note what it read.
    """
    return str(read_line(raw)[0]["properties"]["snapshot_version"])


def context_of(raw: bytes) -> Context:
    """The moment that a line was decided in.

    Raises:
        NotReplayableError: the line is torn, or from a version that did not note what it read.
    """
    return msgspec.convert(read_line(raw)[0]["properties"]["context"], Context)


def read_line(raw: bytes) -> tuple[dict[str, Any], Inputs]:
    """A decision's log line, and what else it read.

    Raises:
        NotReplayableError: the line is torn, or from a version that did not note what it read.
    """
    try:
        line = msgspec.json.decode(payload(raw))
        return line, msgspec.convert(line["properties"]["replay"], Inputs)
    except (ValueError, KeyError, TypeError, msgspec.ValidationError):
        raise NotReplayableError("its log line is torn, or older than replay") from None


def person_then(live: LiveSnapshot, pairs: tuple[tuple[str, str], ...], inputs: Inputs) -> Person:
    """The person as the decision saw them. Of a customer who is not to be recorded no decision reads the profile."""
    found = find_person(live.reader, pairs)
    if inputs.unnamed == "customer":
        found = replace(found, profile=ProfileRecord(""))
    granted = found.granted if inputs.granted is None else frozenset(inputs.granted)
    return replace(found, granted=granted, silent=frozenset(inputs.silent))


def _differs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    others = [name for name in names if name != "replay"]
    return others or (["content"] if names else [])
