"""First draws of experiments since the snapshot: by identifier and customer, by visit, and by account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from intake.event import HINT_TYPES
from intake.hashing import name_of
from serving.experiments.enrolment import Enrolment, Remembered, earliest
from serving.overlay.arrival import Pair, customer_key, identifier_key
from serving.overlay.environment import SharedOverlay

# By whose draw it was (an identifier, a visit, an account) and experiment.
Held = dict[str, Remembered]
_DECODE = msgspec.msgpack.Decoder(Held).decode
_ENCODE = msgspec.msgpack.Encoder().encode
_SEPARATOR = "\x1f"
_CUSTOMER = b"customer\x1f"
CustomerOf = Callable[[Pair], str | None]


class Whose(NamedTuple):
    """Whose draw it is: one of the three, as the experiment's unit has it."""

    pairs: tuple[Pair, ...] = ()
    session_id: str | None = None
    account_id: str | None = None


def whose_draw(part: Enrolment, account_id: str | None, identifiers: Iterable[Pair]) -> Whose:
    """Whose a draw is, as the unit of its experiment has it."""
    if part.unit_type == "session":
        return Whose(session_id=part.unit_id)
    if part.unit_type == "account":
        return Whose(account_id=account_id)
    return Whose(tuple(pair for pair in identifiers if pair[0] not in HINT_TYPES))


class AssignedTable:
    """All first draws. Methods take a transaction of the environment."""

    def __init__(self, shared: SharedOverlay) -> None:
        self._table = shared.tables["assigned"]

    def is_empty(self, txn: Any) -> bool:
        """Whether nobody has drawn anything."""
        return int(txn.stat(self._table)["entries"]) == 0

    def put(self, txn: Any, whose: Whose, key: str, draw: Remembered, customer_of: CustomerOf) -> None:
        """Keep a draw unless one is known that counts before it."""
        for owner, places in _places(whose, customer_of):
            for place in places:
                held = self._held(txn, place)
                name = f"{owner}{_SEPARATOR}{key}"
                best = earliest([held.get(name), draw])
                if best is not None and best is not held.get(name):
                    held[name] = best
                    txn.put(place, _ENCODE(held), db=self._table)

    def of(self, txn: Any, whose: Whose, keys: AbstractSet[str], customer_id: str | None) -> dict[str, Remembered]:
        """By experiment the draw that counts."""
        places = [place for _, some in _places(whose, _nobody) for place in some[:1]]
        places += [] if customer_id is None else [customer_key(customer_id)]
        found: dict[str, Remembered] = {}
        for place in places:
            for name, draw in self._held(txn, place).items():
                key = name.rpartition(_SEPARATOR)[2]
                if key in keys and (best := earliest([found.get(key), draw])) is not None:
                    found[key] = best
        return found

    def is_unseen(self, txn: Any, whose: Whose, arms: Mapping[str, frozenset[str]]) -> bool:
        """Whether one of these arms was drawn and is not known to have been shown."""
        if self.is_empty(txn):
            return False
        held = (self._held(txn, place) for _, places in _places(whose, _nobody) for place in places)
        return any(_is_unseen(name, draw, arms) for one in held for name, draw in one.items())

    def expose(
        self, txn: Any, whose: Whose, arms: Mapping[str, frozenset[str]], at: int, customer_of: CustomerOf
    ) -> None:
        """Note when drawn arms were shown first."""
        for _, places in _places(whose, customer_of):
            for place in places:
                held = self._held(txn, place)
                seen = {
                    name: msgspec.structs.replace(draw, exposed_at=at)
                    for name, draw in held.items()
                    if _is_unseen(name, draw, arms)
                }
                if seen:
                    txn.put(place, _ENCODE(held | seen), db=self._table)

    def reindex(self, txn: Any, customer_of: CustomerOf, known_until: int) -> None:
        """Give draws to the customers of a new snapshot, and drop those that it knows by now (seconds since 1970)."""
        everything = [(bytes(key), _DECODE(value)) for key, value in txn.cursor(db=self._table)]
        txn.drop(self._table, delete=False)
        for place, held in everything:
            left = {name: draw for name, draw in held.items() if max(draw.drawn_at, draw.exposed_at) >= known_until}
            if not left or place.startswith(_CUSTOMER):
                continue
            txn.put(place, _ENCODE(left), db=self._table)
            for name, draw in left.items():
                self._give(txn, name, draw, customer_of)

    def erase(self, txn: Any, value_hashes: frozenset[str]) -> int:
        """Remove the draws of these identifiers, named as `name_of` names them; how many."""
        removed = 0
        for place, held in [(bytes(key), _DECODE(value)) for key, value in txn.cursor(db=self._table)]:
            left = {name: draw for name, draw in held.items() if not _is_of(name, draw, value_hashes)}
            removed += len(held) - len(left)
            if left and len(left) < len(held):
                txn.put(place, _ENCODE(left), db=self._table)
            elif not left:
                txn.delete(place, db=self._table)
        return removed

    def _give(self, txn: Any, name: str, draw: Remembered, customer_of: CustomerOf) -> None:
        kind, value, _ = name.split(_SEPARATOR, 2)
        customer = customer_of((kind, value)) if kind not in ("session", "account") else None
        if customer is not None:
            place = customer_key(customer)
            txn.put(place, _ENCODE(self._held(txn, place) | {name: draw}), db=self._table)

    def _held(self, txn: Any, place: bytes) -> Held:
        stored = txn.get(place, db=self._table)
        return {} if stored is None else _DECODE(stored)


def _places(whose: Whose, customer_of: CustomerOf) -> Iterable[tuple[str, list[bytes]]]:
    """Owners, with the keys that their draws stand under."""
    if whose.session_id is not None:
        name = blake2b(whose.session_id.encode(), digest_size=12).hexdigest()
        yield f"session{_SEPARATOR}{name}", [f"session{_SEPARATOR}{name}".encode()]
    if whose.account_id is not None:
        name = blake2b(whose.account_id.encode(), digest_size=12).hexdigest()
        yield f"account{_SEPARATOR}{name}", [f"account{_SEPARATOR}{name}".encode()]
    for pair in whose.pairs:
        customer = customer_of(pair)
        own = [identifier_key(pair), *([] if customer is None else [customer_key(customer)])]
        yield f"{pair[0]}{_SEPARATOR}{name_of(pair[1])}", own


def _nobody(_: Pair) -> None:
    return None


def _is_unseen(name: str, draw: Remembered, arms: Mapping[str, frozenset[str]]) -> bool:
    return draw.exposed_at == 0 and draw.arm in arms.get(name.rpartition(_SEPARATOR)[2], ())


def _is_of(name: str, draw: Remembered, value_hashes: frozenset[str]) -> bool:
    """By whose draw it was, or by the identifier that it was first drawn for."""
    return name.split(_SEPARATOR)[1] in value_hashes or draw.unit_id.rpartition("/")[2] in value_hashes
