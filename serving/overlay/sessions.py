"""Sessions in the overlay: folded event by event, found by identifier or customer, forgotten when idle or crowded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from serving.overlay.arrival import Arrival, Pair, customer_key, identifier_key
from serving.overlay.environment import SharedOverlay
from serving.session.reducer import ENDED, SessionReducer, State

IDLE_US = 1_800 * 1_000_000
"""A session ends after 30 minutes without an event, as `session_gap_seconds` says in the batch."""

CustomerOf = Callable[[Pair], str | None]
_DIGEST = 8
# Retries come within seconds; a repetition beyond so many events of one session is counted twice.
_REMEMBERED = 128 * _DIGEST
_SESSIONS_EACH = 4
_MINUTE_US = 60_000_000


class _Record(msgspec.Struct, array_like=True):
    minute: int
    seen: bytes
    keys: list[bytes]
    state: State


_DECODE = msgspec.msgpack.Decoder(_Record).decode
_ENCODE = msgspec.msgpack.Encoder().encode
_KEYS = msgspec.msgpack.Decoder(list[bytes]).decode


@dataclass
class Taken:
    """What became of events: folded, seen before, older than a session lasts, of no session."""

    folded: int = 0
    repeated: int = 0
    late: int = 0
    homeless: int = 0


class SessionTable:
    """All sessions of an environment. Methods take a transaction of it."""

    def __init__(self, shared: SharedOverlay, reducer: SessionReducer) -> None:
        self._session, self._pointer, self._expiry = (shared.tables[n] for n in ("session", "pointer", "expiry"))
        self._reducer = reducer

    def take(self, txn: Any, arrivals: Iterable[Arrival], now_us: int, customer_of: CustomerOf, taken: Taken) -> None:
        """Fold events into their sessions."""
        touched: dict[bytes, _Record] = {}
        before: dict[bytes, int] = {}
        for arrival in arrivals:
            owners = arrival.owners()
            key = arrival.session_key(owners)
            if key is None or arrival.at_us < now_us - IDLE_US:
                taken.homeless += key is None
                taken.late += key is not None
                continue
            record = touched.get(key)
            if record is None:
                record = touched[key] = self._stored(txn, key) or self._fresh(arrival)
                before[key] = record.minute
            if arrival.at_us > record.state[ENDED] + IDLE_US:
                record.state, record.seen = self._reducer.start(arrival.at_us), b""
            self._fold(txn, key, record, arrival, owners, customer_of, taken)
        for key, record in touched.items():
            self._put(txn, key, record, before[key])

    def of(self, txn: Any, keys: Iterable[bytes], now_us: int) -> list[State]:
        """The living sessions of identifiers and customers, each once."""
        found: dict[bytes, None] = {}
        for key in keys:
            pointed = txn.get(key, db=self._pointer)
            if pointed is not None:
                found.update(dict.fromkeys(_KEYS(pointed)))
        records = (self._stored(txn, key) for key in found)
        return [r.state for r in records if r is not None and r.state[ENDED] >= now_us - IDLE_US]

    def forget_idle(self, txn: Any, now_us: int, at_most: int) -> int:
        """Remove sessions that ended; how many."""
        return self._forget_first(txn, at_most, (now_us - IDLE_US) // _MINUTE_US)

    def forget_oldest(self, txn: Any, at_most: int) -> int:
        """Remove the sessions that were quiet longest, ended or not; how many."""
        return self._forget_first(txn, at_most, None)

    def erase(self, txn: Any, names: frozenset[str]) -> int:
        """Remove every session that one of these identifiers points to, and all that points to it; how many."""
        keys = [bytes(k) for k, _ in txn.cursor(db=self._pointer) if _name_in(bytes(k)) in names]
        sessions = {name for key in keys for name in _KEYS(txn.get(key, db=self._pointer))}
        for name in sessions:
            self._forget(txn, name)
        for key in keys:
            txn.delete(key, db=self._pointer)
        return len(sessions)

    def count(self, txn: Any) -> int:
        """Sessions held."""
        return int(txn.stat(self._session)["entries"])

    def _fold(
        self,
        txn: Any,
        key: bytes,
        record: _Record,
        arrival: Arrival,
        owners: Sequence[Pair],
        customer_of: CustomerOf,
        taken: Taken,
    ) -> None:
        digest = arrival.digest
        if _holds(record.seen, digest):
            taken.repeated += 1
            return
        record.seen = (digest + record.seen)[:_REMEMBERED]
        for pair in owners:
            name = identifier_key(pair)
            if name in record.keys:
                continue
            self._point(txn, name, key, record)
            customer = customer_of(pair)
            if customer is not None:
                self._point(txn, customer_key(customer), key, record)
        self._reducer.fold(record.state, arrival.fields, arrival.at_us)
        taken.folded += 1

    def _point(self, txn: Any, name: bytes, key: bytes, record: _Record) -> None:
        if name in record.keys or len(name) > 511:
            return
        record.keys.append(name)
        held = txn.get(name, db=self._pointer)
        others = [other for other in _KEYS(held) if other != key] if held is not None else []
        txn.put(name, _ENCODE([key, *others[: _SESSIONS_EACH - 1]]), db=self._pointer)

    def _stored(self, txn: Any, key: bytes) -> _Record | None:
        held = txn.get(key, db=self._session)
        return None if held is None else _DECODE(held)

    def _fresh(self, arrival: Arrival) -> _Record:
        return _Record(-1, b"", [], self._reducer.start(arrival.at_us))

    def _put(self, txn: Any, key: bytes, record: _Record, before: int) -> None:
        record.minute = record.state[ENDED] // _MINUTE_US
        if record.minute != before:
            if before >= 0:
                txn.delete(_expiry(before, key), db=self._expiry)
            txn.put(_expiry(record.minute, key), b"", db=self._expiry)
        txn.put(key, _ENCODE(record), db=self._session)

    def _forget_first(self, txn: Any, at_most: int, minute: int | None) -> int:
        due: list[bytes] = []
        for entry, _ in txn.cursor(db=self._expiry):
            if len(due) >= at_most or (minute is not None and int.from_bytes(entry[:4]) >= minute):
                break
            due.append(bytes(entry))
        for entry in due:
            self._forget(txn, entry[4:])
            txn.delete(entry, db=self._expiry)
        return len(due)

    def _forget(self, txn: Any, key: bytes) -> None:
        record = self._stored(txn, key)
        if record is None:
            return
        for name in record.keys:
            held = txn.get(name, db=self._pointer)
            left = [other for other in _KEYS(held) if other != key] if held is not None else []
            if left:
                txn.put(name, _ENCODE(left), db=self._pointer)
            elif held is not None:
                txn.delete(name, db=self._pointer)
        txn.delete(_expiry(record.minute, key), db=self._expiry)
        txn.delete(key, db=self._session)


def _expiry(minute: int, key: bytes) -> bytes:
    return minute.to_bytes(4) + key


def _holds(seen: bytes, digest: bytes) -> bool:
    place = seen.find(digest)
    while place >= 0 and place % _DIGEST:
        place = seen.find(digest, place + 1)
    return place >= 0


def _name_in(key: bytes) -> str:
    return key.partition(b"\x1f")[2].decode(errors="replace")
