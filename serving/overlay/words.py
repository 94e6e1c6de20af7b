"""Words of consent given since the snapshot: the last one of each identifier on each purpose, by customer as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from intake.hashing import HASH_HEX, name_of
from intake.hashing import identifier_key as number_of
from serving.overlay.arrival import OF_THE_BROWSER, Arrival, Pair, customer_key, identifier_key
from serving.overlay.environment import SharedOverlay

CONSENT_TYPE = "consent_updated"


class Word(NamedTuple):
    """What one identifier last said of a purpose; `owner` is the number that the batch knows the identifier by."""

    purpose: str
    granted: bool
    at_us: int
    received_us: int
    owner: int


# One entry a key: purpose and owner to the word about them.
Held = dict[str, tuple[str, bool, int, int, int]]
_DECODE = msgspec.msgpack.Decoder(Held).decode
_ENCODE = msgspec.msgpack.Encoder().encode


def words_of(arrival: Arrival, received_us: int) -> list[tuple[Pair, Word]]:
    """What an event of consent says, by identifier; nothing for any other event.

    A refusal counts for every identifier. A yes that the shop did not vouch for counts for the browser's own, as in
    the batch: or else anybody could agree in another's name.
    """
    if arrival.fields["event_type"] != CONSENT_TYPE:
        return []
    said = arrival.fields.get("properties") or {}
    purpose, granted = said.get("purpose"), said.get("granted")
    if not isinstance(purpose, str) or not isinstance(granted, bool):
        return []
    speaking = [p for p in arrival.pairs if not granted or arrival.is_trusted or p[0] in OF_THE_BROWSER]
    return [(pair, Word(purpose, granted, arrival.at_us, received_us, owner_of(pair[1]))) for pair in speaking]


def owner_of(value_hash: str) -> int:
    """The number the batch knows an identifier by; 0 for what is no keyed hash."""
    try:
        return number_of(value_hash) if len(value_hash) == HASH_HEX else 0
    except ValueError:
        return 0


class WordTable:
    """All words of an environment. Methods take a transaction of it."""

    def __init__(self, shared: SharedOverlay) -> None:
        self._table = shared.tables["word"]

    def is_empty(self, txn: Any) -> bool:
        """Whether nobody has said anything."""
        return int(txn.stat(self._table)["entries"]) == 0

    def put(self, txn: Any, pair: Pair, word: Word, customer_id: str | None) -> None:
        """Keep a word unless a later one is known; of two at one moment the refusal counts."""
        keys = [identifier_key(pair), *([customer_key(customer_id)] if customer_id is not None else [])]
        for key in keys:
            stored = txn.get(key, db=self._table)
            held: Held = {} if stored is None else _DECODE(stored)
            name = f"{word.purpose}\x1f{pair[0]}\x1f{name_of(pair[1])}"
            before = held.get(name)
            if before is None or (word.at_us, not word.granted) > (before[2], not before[1]):
                held[name] = (word.purpose, word.granted, word.at_us, word.received_us, word.owner)
                txn.put(key, _ENCODE(held), db=self._table)

    def of(self, txn: Any, keys: Iterable[bytes]) -> list[Word]:
        """Every word about these identifiers and customers."""
        found = (txn.get(key, db=self._table) for key in keys)
        return [Word(*word) for stored in found if stored is not None for word in _DECODE(stored).values()]

    def reindex(self, txn: Any, customer_of: Callable[[Pair], str | None], known_until_us: int) -> None:
        """Give words to the customers of a new snapshot, and drop those that reached the batch before it."""
        everything = [(bytes(key), _DECODE(value)) for key, value in txn.cursor(db=self._table)]
        txn.drop(self._table, delete=False)
        for key, held in everything:
            if key.startswith(b"customer\x1f"):
                continue
            for name, word in held.items():
                if word[3] >= known_until_us:
                    _, kind, value = name.split("\x1f", 2)
                    self.put(txn, (kind, value), Word(*word), customer_of((kind, value)))

    def erase(self, txn: Any, value_hashes: frozenset[str]) -> int:
        """Remove the words of these identifiers, named as `name_of` names them; how many."""
        removed = 0
        for key, value in [(bytes(key), _DECODE(value)) for key, value in txn.cursor(db=self._table)]:
            left = {name: word for name, word in value.items() if name.rpartition("\x1f")[2] not in value_hashes}
            removed += len(value) - len(left)
            if len(left) == len(value):
                continue
            if left:
                txn.put(key, _ENCODE(left), db=self._table)
            else:
                txn.delete(key, db=self._table)
        return removed
