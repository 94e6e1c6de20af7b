"""What the overlay takes in: an event that is on disk already, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from intake.event import HINT_TYPES, IDENTIFIER_TYPES
from intake.hashing import name_of

Pair = tuple[str, str]

BROWSING = frozenset({
    "page_viewed", "product_viewed", "searched", "filter_applied", "cart_added", "cart_removed", "checkout_started",
    "size_guide_opened", "review_read", "logged_in",
})  # fmt: skip
"""Events that make a session of their own when they name none; the batch has the same list."""
OF_THE_BROWSER = frozenset({"device_id", "cookie", "click_id"})
_STRENGTH = {kind: rank for rank, kind in enumerate(IDENTIFIER_TYPES)}
_SEPARATOR = "\x1f"


class Arrival(NamedTuple):
    """One event. `fields` are those of its log line, `pairs` its (type, keyed hash) identifiers; `is_trusted`: the
    shop vouched for them."""

    event_id: str
    at_us: int
    pairs: tuple[Pair, ...]
    fields: Mapping[str, Any]
    is_trusted: bool = False

    @property
    def digest(self) -> bytes:
        """Eight bytes that tell a retry."""
        return blake2b(self.event_id.encode(), digest_size=8).digest()

    def owners(self) -> list[Pair]:
        """Identifiers the event may speak for, strongest first.

        A browser's word about a person counts for its own cookie or device, unless the shop vouched for it: or else
        anybody could fill the session of an address they typed in.
        """
        if not self.is_trusted:
            own = [pair for pair in self.pairs if pair[0] in OF_THE_BROWSER]
            if own:
                return own if len(own) == 1 else sorted(own, key=_rank)
        named = sorted((pair for pair in self.pairs if pair[0] not in HINT_TYPES), key=_rank)
        return named if self.is_trusted else named[:1]

    def session_key(self, owners: list[Pair]) -> bytes | None:
        """Key of its session: the one it names, else that of its strongest owner; None when it belongs to none."""
        session_id = self.fields.get("session_id")
        if session_id:
            return b"s" + blake2b(str(session_id).encode(), digest_size=12).digest()
        if owners and self.fields["event_type"] in BROWSING:
            return b"g" + identifier_key(owners[0])[:200]
        return None


def identifier_key(pair: Pair) -> bytes:
    """Key of an identifier: by the part of its hash that stays when keys are rotated."""
    return f"{pair[0]}{_SEPARATOR}{name_of(pair[1])}".encode()


def customer_key(customer_id: str) -> bytes:
    """Key of a customer, beside those of identifiers."""
    return f"customer{_SEPARATOR}{customer_id}".encode()[:400]


def _rank(pair: Pair) -> tuple[int, str]:
    return _STRENGTH.get(pair[0], len(_STRENGTH)), pair[1]
