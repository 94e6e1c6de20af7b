"""Which events a live service may keep: none of people who refused analytics, or were never asked where that is due."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from intake.ops_database import OpsStoreError
from intake.ops_records import ConsentChange
from intake.regime import ConsentRules
from intake.suppression import ALWAYS_STORED_TYPES
from serving.overlay.arrival import Arrival, Pair
from serving.overlay.consent import refused_at
from serving.overlay.words import Word, owner_of, words_of
from serving.session.reducer import microseconds

PURPOSE = "analytics"
_STORED = frozenset(ALWAYS_STORED_TYPES)
WordsOf = Callable[[Arrival], Sequence[Word]]
SaidBefore = Callable[[Sequence[str]], Iterable[ConsentChange]]


class ConsentUnknownError(Exception):
    """What people have said before cannot be looked up, so nobody can tell whether their events may be kept."""


def suppressed(
    arrivals: Sequence[Arrival], words_since: WordsOf | None, rules: ConsentRules, before: SaidBefore, now_us: int
) -> list[bool]:
    """Which events must not be kept, as intake judges them: what was agreed on is stored all the same.

    Args:
        arrivals: one batch; what it says of consent counts for its other events.
        words_since: words since the snapshot, of an event's identifiers and customers; None where there are none.
        rules: what holds where nothing was said.
        before: words that intake knows, by identifier hash; asked only of people who need a yes.
        now_us: arrival of the batch.

    Raises:
        ConsentUnknownError: `before` failed.
    """
    said = _said_within(arrivals, now_us)
    answers = [False] * len(arrivals)
    asked: list[tuple[int, Sequence[Word]]] = []
    strict = rules.asks_first(PURPOSE)
    if words_since is None and not said and not strict:
        return answers
    for place, arrival in enumerate(arrivals):
        if arrival.fields["event_type"] in _STORED:
            continue
        words = [*(words_since(arrival) if words_since else ()), *_of(said, arrival.pairs)]
        if refused_at(words, PURPOSE, arrival.at_us):
            answers[place] = True
        elif strict and arrival.pairs and _needs_yes(arrival, rules):
            asked.append((place, words))
    for place in _without_yes(arrivals, asked, before):
        answers[place] = True
    return answers


def _said_within(arrivals: Sequence[Arrival], now_us: int) -> dict[Pair, list[Word]]:
    said: dict[Pair, list[Word]] = {}
    for arrival in arrivals:
        for pair, word in words_of(arrival, now_us):
            said.setdefault(pair, []).append(word)
    return said


def _of(said: Mapping[Pair, list[Word]], pairs: Sequence[Pair]) -> list[Word]:
    return [word for pair in pairs for word in said.get(pair, ())] if said else []


def _needs_yes(arrival: Arrival, rules: ConsentRules) -> bool:
    fields = arrival.fields
    return rules.regime(PURPOSE, fields.get("country"), fields.get("region")) == "opt_in"


def _without_yes(
    arrivals: Sequence[Arrival], asked: Sequence[tuple[int, Sequence[Word]]], before: SaidBefore
) -> list[int]:
    """Of these events those without a yes, or with a refusal by any of their identifiers, as intake judges them."""
    if not asked:
        return []
    hashes = sorted({value for place, _ in asked for _, value in arrivals[place].pairs})
    try:
        changes = list(before(hashes))
    except (sqlite3.Error, OpsStoreError, OSError) as error:
        raise ConsentUnknownError(type(error).__name__) from error
    known: dict[int, list[tuple[int, bool]]] = {}
    for change in changes:
        if change.purpose == PURPOSE:
            word = microseconds(change.occurred_at), change.granted
            known.setdefault(owner_of(change.identifier), []).append(word)
    return [place for place, words in asked if not _agreed(arrivals[place], words, known)]


def _agreed(arrival: Arrival, words: Iterable[Word], known: Mapping[int, Sequence[tuple[int, bool]]]) -> bool:
    said = [(word.owner, word.at_us, word.granted) for word in words if word.purpose == PURPOSE]
    last: list[bool] = []
    for _, value in arrival.pairs:
        owner = owner_of(value)
        mine = [*known.get(owner, ()), *((at_us, granted) for who, at_us, granted in said if who == owner)]
        past = [(at_us, not granted) for at_us, granted in mine if at_us <= arrival.at_us]
        if past:
            last.append(not max(past)[1])
    return bool(last) and all(last)
