"""One call of the Segment specification: what it lacks is filled in, what is wrong with it is named."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec

from serving.http.body import wrong_field
from serving.http.depth import MAX_DEPTH, is_too_deep
from serving.http.messages import Fault, SegmentCall
from serving.overlay.calls import UNVERIFIED

TYPES = ("track", "identify", "page", "screen", "group", "alias")
# Segment's library for browsers calls each by its first letter.
SHORT_TYPES = {name[0]: name for name in TYPES}
PATHS = frozenset(f"/v1/{name}" for name in (*TYPES, "batch", *SHORT_TYPES, "b"))
MAX_CALL_BYTES = 32 << 10
REFUSED = "refused"
Call = dict[str, Any]
_JSON = msgspec.json.Encoder(order="deterministic")
_NEEDS = {"track": "event", "group": "groupId", "alias": "previousId"}
_OURS = ("writeKey", UNVERIFIED, REFUSED, "receivedAt")


def completed(call: Call, now: datetime, *, trusted: bool) -> Call:
    """The call with an id, a moment and its arrival; our own marks are set here alone."""
    call = {name: value for name, value in call.items() if name not in _OURS}
    if not trusted:
        call[UNVERIFIED] = True
    arrived = now.astimezone(UTC).isoformat()
    timeless = not any(call.get(name) for name in ("timestamp", "originalTimestamp", "sentAt"))
    if not call.get("messageId"):
        # A retry comes within the minute; the same page tomorrow, without any time on it, is another view.
        said = call | {"minute": arrived[:16]} if timeless else call
        call["messageId"] = blake2b(_JSON.encode(said), digest_size=16).hexdigest()
    if timeless:
        call["timestamp"] = arrived
    return _by_our_clock(call, now) | {"receivedAt": arrived}


def _by_our_clock(call: Call, now: datetime) -> Call:
    """The call with `timestamp` as Segment's servers set it: as long before its arrival as it happened before it was
    sent, both by the client's clock, whose own word stays as `originalTimestamp`."""
    if call.get("timestamp") and call.get("originalTimestamp"):
        return call
    stated, sent_at = call.get("timestamp") or call.get("originalTimestamp") or call.get("sentAt"), call.get("sentAt")
    happened, sent = _instant(stated), _instant(sent_at)
    if happened is None or sent is None or happened > sent:
        return call
    try:
        at = now.astimezone(UTC) - (sent - happened)
    except OverflowError:
        # Before the first year; intake sets it aside.
        return call
    return call | {"originalTimestamp": stated, "timestamp": at.isoformat()}


def _instant(text: Any) -> datetime | None:
    """The moment; None for what is none, or has no time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return None if moment.tzinfo is None else moment


def fault_of(call: Call) -> Fault | None:
    """What is wrong with a call: code, field and sentence."""
    if call.get("type") not in TYPES:
        message = f"type must be one of {', '.join(TYPES)}."
        return Fault(code="wrong_field", message=message, field="type", allowed=list(TYPES))
    try:
        msgspec.convert(call, SegmentCall)
    except msgspec.ValidationError as error:
        return wrong_field(str(error), call).fault
    needed = _NEEDS.get(call["type"])
    if needed and not call.get(needed):
        return Fault(code="missing_field", message=f"{call['type']} needs {needed}.", field=needed)
    if not call.get("userId") and not call.get("anonymousId"):
        return Fault(code="missing_field", message="A call needs userId or anonymousId.", field="userId")
    if is_too_deep(call):
        return Fault(code="too_deep", message="The call is nested too deeply.", field="(body)", bound=MAX_DEPTH)
    size = len(_JSON.encode(call))
    if size > MAX_CALL_BYTES:
        message = f"The call has {size} bytes; at most {MAX_CALL_BYTES} are accepted."
        return Fault(code="too_large", message=message, field="(body)", bound=MAX_CALL_BYTES)
    return None


def content_of(call: Call, fault: Fault | None) -> bytes:
    """The call as it is kept; a refused one says why, and intake sets it aside with that reason."""
    if fault is None:
        return _JSON.encode(call)
    if fault.code == "too_deep":
        call = {name: value for name, value in call.items() if not isinstance(value, dict | list)}
    # A call of no known type would be read by both contracts, or by none.
    known = {} if call.get("type") in TYPES else {"type": "track", "stated_type": call.get("type")}
    return _JSON.encode(call | known | {REFUSED: f"{fault.code}:{fault.field}"})
