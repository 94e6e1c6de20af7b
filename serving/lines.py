"""What the service writes down, in the shape of events: identifiers hashed, nothing personal in clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec

from intake.log_line import with_checksum
from intake.scrub import scrub_text
from serving.experiments.enrolment import Enrolment
from serving.http.messages import Event, Exposure
from serving.question import Context, Decision
from serving.replay.inputs import Inputs
from serving.visit import Visit

Hashed = Sequence[tuple[str, str]]
_JSON = msgspec.json.Encoder(order="deterministic")
VERIFIED = "identity_verified"
_HARMLESS: set[str] = set()
_HARMLESS_KEPT, _LONGEST_REMEMBERED = 50_000, 200
_FREE_TEXT = ("page_url", "referrer", "query", "campaign")


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
    properties: dict[str, Any]
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
    properties: dict[str, Any] = {
        "action": decision.action,
        "blocked": decision.blocked,
        "context": context,
        "eligible": decision.eligible,
        "placement": decision.placement,
        "propensity": decision.propensity,
        "reason": decision.reason,
        "rung": decision.rung,
        "segment_id": decision.segment_id,
        "snapshot_version": decision.snapshot_version,
    }
    if decision.missing_purpose:
        properties["missing_purpose"] = decision.missing_purpose
    properties |= _of_experiments(decision)
    if items := decision.content.get("items"):
        properties["items"] = [item["product_id"] for item in items if isinstance(item, dict)]
    if visit:
        properties["session"] = visit
    if inputs is not None:
        properties["replay"] = inputs
    line = _DecisionLine(
        channel=context.channel,
        device_type=context.device_type,
        event_id=f"d{decision.personalization_id}",
        event_type="decision_made",
        experiment_id=decision.experiment.key if isinstance(decision.experiment, Enrolment) else None,
        identifiers=_pairs(identifiers),
        occurred_at=now,
        page_type=context.page_type,
        personalization_id=decision.personalization_id,
        product_id=context.product_id,
        properties=properties,
        received_at=now,
    )
    return with_checksum(_JSON.encode(line))


def _of_experiments(decision: Decision) -> dict[str, Any]:
    """Which experiment, model or segments a decision rests on, and with what; nothing for all the others."""
    told: dict[str, Any] = {}
    part = decision.experiment
    if isinstance(part, Enrolment):
        told = {"experiment": part.experiment, "experiment_version": part.version}
        names = ("arm", "traffic", "unit_type", "unit_id", "context_bucket", "table_version", "draw_u")
        told |= {name: value for name in names if (value := getattr(part, name)) is not None}
        told |= {"probabilities": part.probabilities} if part.probabilities else {}
        told |= {"remembered": True} if part.remembered else {}
    if decision.conditional_propensity is not None:
        told["conditional_propensity"] = decision.conditional_propensity
    if isinstance(decision.expected_gain, float):
        told["expected_gain"] = decision.expected_gain
    if decision.segments is not msgspec.UNSET:
        told["segments"] = decision.segments
    if decision.clicks is not msgspec.UNSET:
        told["clicks"] = decision.clicks
    if decision.shadow:
        told["shadow"] = decision.shadow
    return told


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
