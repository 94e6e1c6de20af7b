"""Calls of other systems' clients (Segment) as arrivals: when they come, and again when an overlay is filled anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from intake.live_mapping import LiveEvent, LiveMapping
from intake.sealed import Unseal
from serving.overlay.arrival import Arrival
from serving.overlay.words import CONSENT_TYPE, Word, words_of
from serving.session.reducer import microseconds

UNVERIFIED = "identity_unverified"
_VERIFIED = "identity_verified"
_OF_A_WORD = ("occurred_at", "received_at", "channel", "identifiers", "country", "region")


def arrival_of(event: LiveEvent) -> Arrival:
    """A mapped call as it is folded."""
    fields = event.fields
    pairs = tuple((pair["type"], pair["value"]) for pair in fields["identifiers"])
    trusted = not fields["properties"].get(UNVERIFIED)
    return Arrival(fields["event_id"], microseconds(fields["occurred_at"]), pairs, fields, trusted)


def words_of_call(event: LiveEvent) -> list[Arrival]:
    """What a call says of consent, as the events that intake makes of it: same id, same moment, same identifiers."""
    call = arrival_of(event)
    words = []
    for purpose, granted in event.said.items():
        fields = {name: event.fields[name] for name in _OF_A_WORD if name in event.fields}
        properties: dict[str, Any] = {"purpose": purpose, "granted": granted}
        if call.is_trusted:
            properties[_VERIFIED] = True
        fields |= {
            "event_id": f"{call.event_id}:consent:{purpose}",
            "event_type": CONSENT_TYPE,
            "properties": properties,
        }
        words.append(Arrival(fields["event_id"], call.at_us, call.pairs, fields, call.is_trusted))
    return words


@dataclass(frozen=True)
class SealedCalls:
    """Opens the sealed lines of the service's log and maps what they hold."""

    unseal: Unseal
    mapping: LiveMapping

    def arrivals(self, lines: Iterable[dict[str, Any]], now: datetime) -> list[Arrival]:
        """Arrivals of sealed lines; what this project did not seal, and what intake sets aside, is passed over."""
        contents = [content for line in lines if (content := self._content(line)) is not None]
        return [arrival_of(event) for event in self.mapping.events(contents, now)] if contents else []

    def _content(self, line: dict[str, Any]) -> bytes | None:
        try:
            return self.unseal(line)
        except ValueError:
            return None


def unheard(words: Sequence[Arrival], known: Iterable[Word]) -> list[Arrival]:
    """Words that tell something new, since some clients repeat them with every call.

    Args:
        words: of one batch.
        known: what the overlay holds of their identifiers.
    """
    held = {(word.purpose, word.owner): word.granted for word in known}
    new = []
    for arrival in words:
        said = {(word.purpose, word.owner): word.granted for _, word in words_of(arrival, 0)}
        if any(held.get(key) is not granted for key, granted in said.items()):
            new.append(arrival)
            held.update(said)
    return new
