"""A logged decision as somebody can read it out: what was shown, why, what was not, and whether it was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from serving.click_evidence import EVERYBODY, ClickEvidence
from serving.question import Blocked
from serving.rungs import DESCRIPTIONS, Rung
from serving.segments_used import SegmentsUsed

_TOLD_BLOCKED = 3


class DecisionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it was logged, without whose it was; of an experiment the arm, and the row it was drawn from.
    `shown_at` are the moments it is known to have been seen;
    `explanation` says all of it in words."""

    personalization_id: str
    decided_at: datetime
    placement: str
    action: str
    reason: str
    rung: Rung
    propensity: float
    snapshot_version: str
    segment_id: int | None = None
    missing_purpose: str | None = None
    eligible: list[str] = []
    blocked: list[Blocked] = []
    items: list[str] = []
    context: dict[str, Any] = {}
    session: dict[str, Any] = {}
    experiment: str | None = None
    experiment_version: int | None = None
    arm: str | None = None
    traffic: str | None = None
    probabilities: dict[str, float] = {}
    table_version: str | None = None
    remembered: bool = False
    shadow: dict[str, str] = {}
    expected_gain: float | None = None
    segments: SegmentsUsed | None = None
    clicks: ClickEvidence | None = None
    shown_at: list[datetime] = []
    explanation: str = ""


def record_of(line: Mapping[str, Any], exposures: Sequence[Mapping[str, Any]]) -> DecisionRecord:
    """The record of a decision's log line and the lines that say it was shown."""
    known = {field.name for field in msgspec.structs.fields(DecisionRecord)}
    parts = {name: value for name, value in line["properties"].items() if name in known and value is not None}
    parts |= {"personalization_id": line["personalization_id"], "decided_at": line["occurred_at"]}
    parts["shown_at"] = [exposure["occurred_at"] for exposure in exposures]
    record = msgspec.convert(parts, DecisionRecord)
    return msgspec.structs.replace(record, explanation=sentence(record))


def sentence(record: DecisionRecord) -> str:
    """What a support agent can read out."""
    parts = [_what(record), _why(record), _blocked(record.blocked), _seen(record.shown_at)]
    return " ".join(part for part in parts if part)


def _what(record: DecisionRecord) -> str:
    where = ", ".join(str(record.context[name]) for name in ("channel", "device_type") if name in record.context)
    items = f" with {', '.join(record.items)}" if record.items else ""
    said = f': "{record.reason}"' if record.reason else "."
    moment = f"{record.decided_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"On {moment}{f' ({where})' if where else ''} {record.placement} chose {record.action!r}{items}{said}"


def _why(record: DecisionRecord) -> str:
    why = f"Why: {DESCRIPTIONS[record.rung]}"
    if record.missing_purpose:
        why += f" (not agreed to: {record.missing_purpose})"
    if record.segment_id is not None:
        why += f"; segment {record.segment_id}"
    if record.segments is not None:
        why += _segments(record.segments)
    if record.clicks is not None:
        whose = "everybody" if record.clicks.of == EVERYBODY else f"segment {record.clicks.of}"
        why += f"; {record.clicks.attribute} moves the clicks of {whose} most"
    if len(record.eligible) > 1:
        others = ", ".join(name for name in record.eligible if name != record.action)
        why += f"; chosen with probability {record.propensity:.3g} before {others}"
    if record.expected_gain:
        why += f"; expected to earn {record.expected_gain:.2f} more than without, after its cost"
    why += _tried(record)
    return f"{why}; from snapshot {record.snapshot_version}."


def _segments(used: SegmentsUsed) -> str:
    told = f"; segments by rule: {', '.join(used.rules) or 'none'}"
    moved = [("entered since the last run", used.entered), ("left since", used.left)]
    since = "; ".join(f"{what}: {', '.join(names)}" for what, names in moved if names)
    micro = f"; micro-segment {used.micro_segment}" if used.micro_segment else ""
    return f"{told}{f' ({since})' if since else ''}{micro}"


def _tried(record: DecisionRecord) -> str:
    if record.experiment is None:
        return ""
    told = f"; experiment {record.experiment}, version {record.experiment_version}: "
    if record.arm is not None:
        again = ", as drawn before" if record.remembered else ""
        return f"{told}arm {record.arm}{' (canary)' if record.traffic == 'canary' else ''}{again}"
    return told + ("in the holdout" if record.traffic == "holdout" else "not counted for any arm")


def _blocked(blocked: Sequence[Blocked]) -> str:
    if not blocked:
        return ""
    told = [f"{one.product_id or one.action} ({one.why.rstrip('.')})" for one in blocked[:_TOLD_BLOCKED]]
    more = len(blocked) - len(told)
    return f"Not permitted: {'; '.join(told)}{f'; and {more} more' if more else ''}."


def _seen(shown_at: Sequence[datetime]) -> str:
    if not shown_at:
        return "Nothing says that it was shown."
    return f"It was shown at {', '.join(f'{moment:%Y-%m-%d %H:%M:%S}' for moment in shown_at)} UTC."
