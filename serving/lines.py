"""What the service writes down, in the shape of events: identifiers hashed, nothing personal in clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from intake.log_line import with_checksum
from intake.scrub import scrub_text
from serving.click_evidence import ClickEvidence
from serving.experiments.enrolment import Enrolment
from serving.http.messages import Event, Exposure
from serving.question import Blocked, Context, Decision
from serving.replay.inputs import Inputs
from serving.rungs import Rung
from serving.segments_used import SegmentsUsed
from serving.visit import Visit

Hashed = Sequence[tuple[str, str]]
_JSON = msgspec.json.Encoder(order="deterministic")
VERIFIED = "identity_verified"
_HARMLESS: set[str] = set()
_HARMLESS_KEPT, _LONGEST_REMEMBERED = 50_000, 200
_FREE_TEXT = ("page_url", "referrer", "query", "campaign")


class _Said(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Properties of a decision's line by the alphabet, as if they were sorted; what is unset is left out."""

    action: str
    arm: str | UnsetType = UNSET
    blocked: list[Blocked]
    clicks: ClickEvidence | UnsetType = UNSET
    conditional_propensity: float | UnsetType = UNSET
    context: Context
    context_bucket: str | UnsetType = UNSET
    draw_u: float | UnsetType = UNSET
    eligible: list[str]
    expected_gain: float | UnsetType = UNSET
    experiment: str | UnsetType = UNSET
    experiment_version: int | UnsetType = UNSET
    items: list[str] | UnsetType = UNSET
    missing_purpose: str | UnsetType = UNSET
    placement: str
    probabilities: dict[str, float] | UnsetType = UNSET
    propensity: float
    reason: str
    remembered: bool | UnsetType = UNSET
    replay: Inputs | UnsetType = UNSET
    rung: Rung
    segment_id: int | None
    segments: SegmentsUsed | UnsetType = UNSET
    session: Visit | UnsetType = UNSET
    shadow: dict[str, str] | UnsetType = UNSET
    snapshot_version: str
    table_version: str | UnsetType = UNSET
    traffic: str | UnsetType = UNSET
    unit_id: str | UnsetType = UNSET
    unit_type: str | UnsetType = UNSET


class _DecisionLine(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Fields by the alphabet, as in every other line; what is None is left out."""

    channel: str | None = None
    device_type: str | None = None
    event_id: str
    event_type: str
    experiment_id: str | None = None
    identifiers: list[dict[str, str]]
    occurred_at: datetime
    page_type: str | None = None
    personalization_id: str
    product_id: str | None = None
    properties: _Said
    received_at: datetime


def decision_line(
    decision: Decision,
    identifiers: Hashed,
    context: Context,
    now: datetime,
    visit: Visit | None = None,
    inputs: Inputs | None = None,
) -> bytes:
    """One `decision_made`, with what the visitor was doing then and what else making it again needs."""
    items = decision.content.get("items")
    said = _Said(
        action=decision.action,
        blocked=decision.blocked,
        clicks=decision.clicks,
        conditional_propensity=UNSET if decision.conditional_propensity is None else decision.conditional_propensity,
        context=context,
        eligible=decision.eligible,
        expected_gain=decision.expected_gain,
        items=[item["product_id"] for item in items if isinstance(item, dict)] if items else UNSET,
        missing_purpose=decision.missing_purpose or UNSET,
        placement=decision.placement,
        propensity=decision.propensity,
        reason=decision.reason,
        replay=UNSET if inputs is None else inputs,
        rung=decision.rung,
        segment_id=decision.segment_id,
        segments=decision.segments,
        session=visit or UNSET,
        shadow=decision.shadow or UNSET,
        snapshot_version=decision.snapshot_version,
    )
    part = decision.experiment or None
    if part is not None:
        _tell_experiment(said, part)
    line = _DecisionLine(
        channel=context.channel,
        device_type=context.device_type,
        event_id=f"d{decision.personalization_id}",
        event_type="decision_made",
        experiment_id=None if part is None else part.key,
        identifiers=_pairs(identifiers),
        occurred_at=now,
        page_type=context.page_type,
        personalization_id=decision.personalization_id,
        product_id=context.product_id,
        properties=said,
        received_at=now,
    )
    return with_checksum(_JSON.encode(line))


def _tell_experiment(said: _Said, part: Enrolment) -> None:
    said.experiment, said.experiment_version = part.experiment, part.version
    said.traffic, said.unit_type, said.unit_id = part.traffic, part.unit_type, part.unit_id
    said.context_bucket, said.table_version = part.context_bucket, part.table_version
    said.arm = UNSET if part.arm is None else part.arm
    said.draw_u = UNSET if part.draw_u is None else part.draw_u
    said.probabilities = part.probabilities or UNSET
    said.remembered = part.remembered or UNSET


def shown_with_decision(decision: Decision, identifiers: Hashed, context: Context, now: datetime) -> bytes:
    """The `exposure_shown` of a placement that shows whatever was decided."""
    exposure = Exposure(
        personalization_id=decision.personalization_id, placement=decision.placement, action=decision.action
    )
    return exposure_line(exposure, identifiers, now, channel=context.channel)


def exposure_line(exposure: Exposure, identifiers: Hashed, now: datetime, channel: str | None = None) -> bytes:
    """One `exposure_shown`; posting the same decision's exposure again gives the same event id."""
    properties = {"placement": exposure.placement, "action": exposure.action}
    return _line(
        {
            "event_id": f"x{exposure.personalization_id}",
            "event_type": "exposure_shown",
            "occurred_at": (exposure.occurred_at or now).astimezone(UTC),
            "received_at": now,
            "channel": exposure.channel or channel,
            "session_id": exposure.session_id,
            "personalization_id": exposure.personalization_id,
            "identifiers": _pairs(identifiers),
            "properties": {name: value for name, value in properties.items() if value is not None},
        }
    )


def event_fields(event: Event, identifiers: Hashed, now: datetime, *, verified: bool = False) -> dict[str, Any]:
    """Fields of one posted event's line. Without an id of its own it gets one from its content and time.

    `verified`: the shop vouched for the identifiers, which is said here alone; a caller's own word on it is dropped.
    """
    fields: dict[str, Any] = msgspec.to_builtins(event, builtin_types=(datetime,))
    fields.pop("user_token", None)
    for name in _FREE_TEXT:
        if name in fields:
            fields[name] = _clean(fields[name])
    properties = fields["properties"] = _scrubbed(fields.get("properties", {}))
    properties.pop(VERIFIED, None)
    fields["identifiers"] = _pairs(identifiers)
    fields["occurred_at"] = (event.occurred_at or now).astimezone(UTC)
    if event.event_id is None:
        fields["event_id"] = blake2b(_JSON.encode(fields), digest_size=16).hexdigest()
    fields["received_at"] = now
    if verified:
        properties[VERIFIED] = True
    return fields


def line_of(fields: Mapping[str, Any]) -> bytes:
    """A line of these fields, none of which is None."""
    return with_checksum(_JSON.encode(fields))


def _line(fields: dict[str, Any]) -> bytes:
    return with_checksum(_JSON.encode({name: value for name, value in fields.items() if value is not None}))


def _pairs(identifiers: Hashed) -> list[dict[str, str]]:
    return [{"type": kind, "value": value} for kind, value in identifiers]


def _clean(text: str) -> str:
    """`scrub_text`, remembering texts that held nothing personal: a shop's addresses come again and again."""
    if text in _HARMLESS:
        return text
    clean = scrub_text(text)
    if clean == text and len(text) <= _LONGEST_REMEMBERED:
        if len(_HARMLESS) >= _HARMLESS_KEPT:
            _HARMLESS.clear()
        _HARMLESS.add(text)
    return clean


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, dict):
        return {key: _scrubbed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    return value
