"""Words of consent that somebody noted by hand: told to the overlay of a running service, and to one that begins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from intake.ops_records import from_text, to_text
from intake.ops_store import OpsStore
from serving.overlay.arrival import Arrival, Pair
from serving.overlay.in_use import overlay_in_use
from serving.overlay.sessions import CustomerOf
from serving.overlay.words import CONSENT_TYPE
from serving.session.reducer import microseconds

SOURCE = "consent_statements"
"""Where such words stand in the lake and in `ops.sqlite`."""

_SINCE = """
select identifier, identifier_type, purpose, granted, occurred_at from consent
where source = ? and occurred_at >= ? order by occurred_at
"""


def word_by_hand(identifier: Pair, purpose: str, *, granted: bool, at: datetime) -> Arrival:
    """What a person told somebody of the shop, as an event that the shop vouches for."""
    fields = {"event_type": CONSENT_TYPE, "properties": {"purpose": purpose, "granted": granted}}
    return Arrival("", microseconds(at), (identifier,), fields, is_trusted=True)


def words_by_hand(store: OpsStore, since: datetime) -> Iterator[Arrival]:
    """Words that were noted by hand from a moment on, oldest first.

    Raises:
        OpsStoreError, sqlite3.Error: the store cannot be read.
    """
    for row in store.rows(_SINCE, SOURCE, to_text(since)):
        pair = str(row["identifier_type"]), str(row["identifier"])
        granted, at = bool(row["granted"]), from_text(row["occurred_at"])
        yield word_by_hand(pair, str(row["purpose"]), granted=granted, at=at)


def tell(folder: Path, word: Arrival, customer_of: CustomerOf) -> bool:
    """Let the next decision of every worker go by a word; whether a service is running that can know of it.

    Raises:
        OverlayFullError, OverlayUnavailableError: it found no room.
    """
    with overlay_in_use(folder) as overlay:
        if overlay is None:
            return False
        overlay.take_words([word], word.at_us, customer_of)
    return True
