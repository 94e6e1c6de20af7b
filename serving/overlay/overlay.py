"""The overlay of one worker: what it takes in is seen by the next decision of every worker of the machine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import lmdb

from intake.hashing import name_of
from serving.experiments.enrolment import Remembered
from serving.overlay.arrival import Arrival, Pair, customer_key, identifier_key
from serving.overlay.assigned import AssignedTable, Whose
from serving.overlay.environment import SharedOverlay
from serving.overlay.seen import Answers, SeenTable, Shown, answer_of
from serving.overlay.sessions import CustomerOf, SessionTable, Taken
from serving.overlay.words import Word, WordTable, words_of
from serving.session.reducer import SessionReducer, State

_LOG = logging.getLogger(__name__)

# Sessions may fill so much; the rest is for words of consent, which are never evicted.
_CROWDED, _ROOMY = 0.60, 0.50
_EVENTS_BETWEEN_LOOKS = 500
_AT_ONCE = 2_000


@dataclass
class Counts:
    """What this worker's overlay did since it started."""

    taken: Taken = field(default_factory=Taken)
    dropped: int = 0
    evicted: int = 0
    suppressed: int = 0


class OverlayFullError(Exception):
    """A word of consent could not be kept."""


class Overlay:
    """Live sessions and words of consent. Events that find no room are counted and dropped, never an error."""

    def __init__(self, shared: SharedOverlay, reducer: SessionReducer) -> None:
        self._shared = shared
        self.reducer = reducer
        self._sessions = SessionTable(shared, reducer)
        self._words = WordTable(shared)
        self._seen = SeenTable(shared)
        self._assigned = AssignedTable(shared)
        self._until_look = 0
        self._looked: tuple[int, frozenset[str]] = (-1, frozenset())
        self._lock = threading.Lock()
        self.counts = Counts()

    def take(self, arrivals: Sequence[Arrival], now_us: int, customer_of: CustomerOf) -> None:
        """Fold events that are on disk into their sessions, and keep what they say of consent.

        Raises:
            OverlayFullError: a word of consent found no room; sessions are only counted as dropped.
        """
        if not arrivals:
            return
        with self._lock:
            self._keep_words(arrivals, now_us, customer_of)
            self._keep_answers(arrivals, customer_of)
            if not self._fold(arrivals, now_us, customer_of):
                self.counts.dropped += len(arrivals)
            self._look_for_room(len(arrivals))

    def take_words(self, words: Sequence[Arrival], now_us: int, customer_of: CustomerOf) -> None:
        """Keep what was said of consent away from any visit.

        Raises:
            OverlayFullError: it found no room.
        """
        with self._lock:
            self._keep_words(words, now_us, customer_of)

    def sessions(self, identifiers: Iterable[Pair], customer_id: str | None, now_us: int) -> State | None:
        """What these identifiers and this customer are doing now, added up; None when nothing is known of it."""
        with self._shared.lmdb.begin() as txn:
            if "pointer" not in self._filled(txn):
                return None
            states = self._sessions.of(txn, _keys(identifiers, customer_id), now_us)
        return self.reducer.merge(states) if states else None

    def words(self, identifiers: Iterable[Pair], customer_ids: Iterable[str]) -> list[Word]:
        """What was said of consent since the snapshot, by these identifiers and for these customers."""
        with self._shared.lmdb.begin() as txn:
            if "word" not in self._filled(txn):
                return []
            keys = [identifier_key(pair) for pair in identifiers] + [customer_key(name) for name in customer_ids]
            return self._words.of(txn, keys)

    def show(self, pairs: Sequence[Pair], names: Sequence[str], at: int, customer_of: CustomerOf) -> None:
        """Note that somebody was shown something (seconds since 1970); without room it is counted as dropped."""
        try:
            with self._lock, self._shared.lmdb.begin(write=True) as txn:
                self._seen.show(txn, pairs, names, at, customer_of)
        except lmdb.Error as error:
            _LOG.error("overlay: what was shown is not noted: %s", error)
            self.counts.dropped += 1

    def seen(self, identifiers: Iterable[Pair], customer_id: str | None) -> tuple[Shown, Answers]:
        """What these identifiers and this customer were shown, and answered, since the snapshot."""
        with self._shared.lmdb.begin() as txn:
            if "seen" not in self._filled(txn):
                return {}, {}
            return self._seen.of(txn, _keys(identifiers, customer_id))

    def assign(self, whose: Whose, key: str, draw: Remembered, customer_of: CustomerOf) -> None:
        """Note the first draw of a unit in experiment `key`; without room it is counted as dropped."""
        self._note_draw(lambda txn: self._assigned.put(txn, whose, key, draw, customer_of))

    def expose(self, whose: Whose, arms: Mapping[str, frozenset[str]], at: int, customer_of: CustomerOf) -> None:
        """Note that one of these arms, by experiment, was shown (seconds since 1970)."""
        with self._shared.lmdb.begin() as txn:
            if not self._assigned.is_unseen(txn, whose, arms):
                return
        self._note_draw(lambda txn: self._assigned.expose(txn, whose, arms, at, customer_of))

    def assigned(self, whose: Whose, keys: AbstractSet[str], customer_id: str | None) -> dict[str, Remembered]:
        """First draws in these experiments; of several identifiers the one that was seen first."""
        with self._shared.lmdb.begin() as txn:
            if "assigned" not in self._filled(txn):
                return {}
            return self._assigned.of(txn, whose, keys, customer_id)

    def filled(self) -> frozenset[str]:
        """Tables that hold something now."""
        with self._shared.lmdb.begin() as txn:
            return self._filled(txn)

    def reindex(self, customer_of: CustomerOf, known_until_us: int) -> None:
        """After a new snapshot: words that reached the batch before it go, the others are given to its customers."""
        with self._lock, self._shared.lmdb.begin(write=True) as txn:
            if not self._words.is_empty(txn):
                self._words.reindex(txn, customer_of, known_until_us)
            if not self._seen.is_empty(txn):
                self._seen.forget(txn, known_until_us // 1_000_000)
            if not self._assigned.is_empty(txn):
                self._assigned.reindex(txn, customer_of, known_until_us // 1_000_000)

    def tidy(self, now_us: int) -> None:
        """Forget sessions that ended, and readers of workers that died."""
        with self._lock:
            self._shared.lmdb.reader_check()
            try:
                with self._shared.lmdb.begin(write=True) as txn:
                    self._sessions.forget_idle(txn, now_us, _AT_ONCE)
            except lmdb.Error as error:
                _LOG.error("overlay not tidied: %s", error)

    def erase(self, value_hashes: frozenset[str]) -> int:
        """Remove sessions and words of these identifiers; how many there were."""
        names = frozenset(name_of(value) for value in value_hashes)
        with self._lock, self._shared.lmdb.begin(write=True) as txn:
            tables = (self._sessions, self._words, self._seen, self._assigned)
            return sum(table.erase(txn, names) for table in tables)

    def size(self) -> tuple[int, float]:
        """Sessions held by all workers, and the share of the room that is used."""
        with self._shared.lmdb.begin() as txn:
            return self._sessions.count(txn), self._used(txn)

    def close(self) -> None:
        """Let go of the file."""
        self._shared.release()

    def _filled(self, txn: Any) -> frozenset[str]:
        """Tables that hold something. They are counted, 1 µs each, only when somebody has written since."""
        at, filled = self._looked
        if at != txn.id():
            filled = frozenset(name for name, table in self._shared.tables.items() if txn.stat(table)["entries"])
            self._looked = txn.id(), filled
        return filled

    def _note_draw(self, change: Callable[[Any], None]) -> None:
        try:
            with self._lock, self._shared.lmdb.begin(write=True) as txn:
                change(txn)
        except lmdb.Error as error:
            _LOG.error("overlay: a draw is not noted: %s", error)
            self.counts.dropped += 1

    def _keep_words(self, arrivals: Sequence[Arrival], now_us: int, customer_of: CustomerOf) -> None:
        said = [word for arrival in arrivals for word in words_of(arrival, now_us)]
        if not said:
            return
        try:
            with self._shared.lmdb.begin(write=True) as txn:
                for pair, word in said:
                    self._words.put(txn, pair, word, customer_of(pair))
        except lmdb.Error as error:
            raise OverlayFullError(str(error)) from error

    def _keep_answers(self, arrivals: Sequence[Arrival], customer_of: CustomerOf) -> None:
        said = [(arrival, told) for arrival in arrivals if (told := answer_of(arrival)) is not None]
        if not said:
            return
        try:
            with self._shared.lmdb.begin(write=True) as txn:
                for arrival, (question, answer) in said:
                    at = arrival.at_us // 1_000_000
                    self._seen.answer(txn, arrival.owners(), question, answer, at, customer_of)
        except lmdb.Error as error:
            _LOG.error("overlay: answers are not noted: %s", error)
            self.counts.dropped += len(said)

    def _fold(self, arrivals: Sequence[Arrival], now_us: int, customer_of: CustomerOf) -> bool:
        for _ in range(2):
            taken = Taken()
            try:
                with self._shared.lmdb.begin(write=True) as txn:
                    self._sessions.take(txn, arrivals, now_us, customer_of, taken)
            except lmdb.Error as error:
                _LOG.error("overlay: %s; the oldest sessions go", error)
                self.counts.evicted += self._evict()
                continue
            total = self.counts.taken
            for name in ("folded", "repeated", "late", "homeless"):
                setattr(total, name, getattr(total, name) + getattr(taken, name))
            return True
        return False

    def _look_for_room(self, arrived: int) -> None:
        self._until_look -= arrived
        if self._until_look > 0:
            return
        self._until_look = _EVENTS_BETWEEN_LOOKS
        with self._shared.lmdb.begin() as txn:
            used = self._used(txn)
        if used > _CROWDED:
            self.counts.evicted += self._evict()

    def _evict(self) -> int:
        removed = 0
        try:
            while True:
                with self._shared.lmdb.begin(write=True) as txn:
                    gone = self._sessions.forget_oldest(txn, _AT_ONCE // 4)
                    used = self._used(txn)
                removed += gone
                if gone == 0 or used < _ROOMY:
                    return removed
        except lmdb.Error as error:
            _LOG.error("overlay not evicted: %s", error)
            return removed

    def _used(self, txn: Any) -> float:
        pages = 0
        for table in self._shared.tables.values():
            stat = txn.stat(table)
            pages += stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
        return float(pages * stat["psize"] / self._shared.lmdb.info()["map_size"])


def _keys(identifiers: Iterable[Pair], customer_id: str | None) -> list[bytes]:
    keys = [identifier_key(pair) for pair in identifiers]
    return keys if customer_id is None else [*keys, customer_key(customer_id)]
