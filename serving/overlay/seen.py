"""What people were shown, and answered, since the snapshot, as far as caps and questions ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from intake.hashing import name_of
from serving.overlay.arrival import Arrival, Pair, customer_key, identifier_key
from serving.overlay.environment import SharedOverlay

ANSWERED = "survey_answered"
# A cap counts to 1,000 at most; what is older than the latest 64 stands in the snapshot.
_KEPT = 64
_LONGEST_ANSWER = 200

# By identifier: what was shown to moments, seconds since 1970, and question to (moment, answer).
Shown = dict[str, list[int]]
Answers = dict[str, tuple[int, str]]
Held = dict[str, tuple[Shown, Answers]]
_DECODE = msgspec.msgpack.Decoder(Held).decode
_ENCODE = msgspec.msgpack.Encoder().encode
CustomerOf = Callable[[Pair], str | None]


def answer_of(arrival: Arrival) -> tuple[str, str] | None:
    """Question and answer of an event, or None."""
    if arrival.fields["event_type"] != ANSWERED:
        return None
    said = arrival.fields.get("properties") or {}
    question, answer = said.get("question"), said.get("answer")
    if isinstance(question, str) and isinstance(answer, str) and 0 < len(answer) <= _LONGEST_ANSWER:
        return question, answer
    return None


class SeenTable:
    """All that was shown and answered. Methods take a transaction of the environment."""

    def __init__(self, shared: SharedOverlay) -> None:
        self._table = shared.tables["seen"]

    def is_empty(self, txn: Any) -> bool:
        """Whether nothing is known."""
        return int(txn.stat(self._table)["entries"]) == 0

    def show(self, txn: Any, pairs: Iterable[Pair], names: Iterable[str], at: int, customer_of: CustomerOf) -> None:
        """Note that these names were shown to whoever has these identifiers."""
        listed = list(names)

        def note(held: tuple[Shown, Answers]) -> None:
            for name in listed:
                moments = {at, *held[0].get(name, ())}
                held[0][name] = sorted(moments, reverse=True)[:_KEPT]

        self._change(txn, pairs, customer_of, note)

    def answer(
        self, txn: Any, pairs: Iterable[Pair], question: str, answer: str, at: int, customer_of: CustomerOf
    ) -> None:
        """Note the latest answer to a question."""

        def note(held: tuple[Shown, Answers]) -> None:
            if at >= held[1].get(question, (0, ""))[0]:
                held[1][question] = at, answer

        self._change(txn, pairs, customer_of, note)

    def of(self, txn: Any, keys: Iterable[bytes]) -> tuple[Shown, Answers]:
        """All that was shown to and answered by these identifiers and customers."""
        shown: dict[str, set[int]] = {}
        answers: Answers = {}
        for key in keys:
            stored = txn.get(key, db=self._table)
            for seen, said in () if stored is None else _DECODE(stored).values():
                for name, moments in seen.items():
                    shown.setdefault(name, set()).update(moments)
                for question, told in said.items():
                    answers[question] = max(told, answers.get(question, told))
        return {name: sorted(moments, reverse=True) for name, moments in shown.items()}, answers

    def forget(self, txn: Any, known_until: int) -> None:
        """Drop what reached the batch before a snapshot, seconds since 1970."""
        for key, value in [(bytes(key), _DECODE(value)) for key, value in txn.cursor(db=self._table)]:
            left = {owner: kept for owner, held in value.items() if any(kept := _later(held, known_until))}
            if left:
                txn.put(key, _ENCODE(left), db=self._table)
            else:
                txn.delete(key, db=self._table)

    def erase(self, txn: Any, value_hashes: frozenset[str]) -> int:
        """Remove what these identifiers saw and said, named as `name_of` names them; how many."""
        removed = 0
        for key, value in [(bytes(key), _DECODE(value)) for key, value in txn.cursor(db=self._table)]:
            left = {owner: held for owner, held in value.items() if owner.rpartition("\x1f")[2] not in value_hashes}
            removed += len(value) - len(left)
            if left and len(left) < len(value):
                txn.put(key, _ENCODE(left), db=self._table)
            elif not left:
                txn.delete(key, db=self._table)
        return removed

    def _change(
        self, txn: Any, pairs: Iterable[Pair], customer_of: CustomerOf, note: Callable[[tuple[Shown, Answers]], None]
    ) -> None:
        for pair in pairs:
            customer, owner = customer_of(pair), f"{pair[0]}\x1f{name_of(pair[1])}"
            for key in [identifier_key(pair), *([] if customer is None else [customer_key(customer)])]:
                stored = txn.get(key, db=self._table)
                held: Held = {} if stored is None else _DECODE(stored)
                note(held.setdefault(owner, ({}, {})))
                txn.put(key, _ENCODE(held), db=self._table)


def _later(held: tuple[Mapping[str, list[int]], Answers], since: int) -> tuple[Shown, Answers]:
    shown = {name: kept for name, moments in held[0].items() if (kept := [at for at in moments if at >= since])}
    return shown, {question: told for question, told in held[1].items() if told[0] >= since}
