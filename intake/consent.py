"""What people say of their consent: the words on `consent_updated` events, and whom they speak for."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.consent_words import CONSENT_TYPE as CONSENT_TYPE
from intake.event import HINT_TYPES
from intake.ops_records import ConsentChange
from intake.purposes import CONTRACT, PURPOSES
from intake.reasons import Reasons
from intake.values import mask_of

ALWAYS_STORED = CONTRACT
BROWSER_TYPES = frozenset({"device_id", "cookie", "click_id"})
"""What a browser names by itself: a yes that nobody vouched for counts for these only."""


class _Word(msgspec.Struct):
    purpose: str
    granted: bool
    identity_verified: Any = False
    actor: Any = None
    reason: Any = None


_WORD = msgspec.json.Decoder(_Word)


def unclear_consent(properties: str) -> str | None:
    """Why properties say nothing clear of consent, or None when they do."""
    try:
        word = _WORD.decode(properties)
    except msgspec.DecodeError:
        return _unread(properties)
    return None if word.purpose in PURPOSES else "unknown_purpose"


def _unread(properties: str) -> str:
    said = msgspec.json.decode(properties) if properties else {}
    given = isinstance(said, dict) and isinstance(said.get("purpose"), str) and said.get("granted") not in (None, "")
    return "unclear_consent:granted" if given else "missing_property:purpose_or_granted"


def mark_unclear_consent(events: pa.Table, reasons: Reasons) -> None:
    """Mark `consent_updated` events that name no known purpose, or not whether it is granted."""
    said = np.flatnonzero(mask_of(pc.equal(events.column("event_type"), CONSENT_TYPE).combine_chunks()))
    if not len(said):
        return
    words = [unclear_consent(word) for word in events.column("properties").take(pa.array(said)).to_pylist()]
    for why in sorted({word for word in words if word}):
        unclear = np.zeros(events.num_rows, dtype=bool)
        unclear[said] = [word == why for word in words]
        reasons.mark(unclear, why)


def consent_changes(events: pa.Table, *, vouched: bool = True) -> list[ConsentChange]:
    """What the `consent_updated` events among these say, for each of their identifiers that name a person.

    Args:
        vouched: whether the source may speak for people. Where it may not (a browser posts), a refusal still counts
            for every identifier, a yes only for the browser's own unless the event itself was verified: or else
            anybody could agree in another's name.
    """
    said = events.filter(pc.equal(events.column("event_type"), CONSENT_TYPE))
    changes = []
    for row in said.select(["occurred_at", "identifiers", "properties", "source"]).to_pylist():
        word = _WORD.decode(row["properties"])
        speaks = vouched or word.identity_verified is True or not word.granted
        note = f"{word.actor}: {word.reason}" if isinstance(word.actor, str) and word.actor else ""
        changes += [
            ConsentChange(
                identifier["value"],
                word.purpose,
                word.granted,
                row["occurred_at"],
                identifier["type"],
                row["source"],
                note,
            )
            for identifier in row["identifiers"]
            if identifier["type"] not in HINT_TYPES and (speaks or identifier["type"] in BROWSER_TYPES)
        ]
    return changes
