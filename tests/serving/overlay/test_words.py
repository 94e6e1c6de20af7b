"""Words of consent since the snapshot: the last one of each identifier, the strictest of a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.overlay.arrival import Arrival, Pair
from serving.overlay.consent import refused_at, with_words
from serving.overlay.words import Word, owner_of, words_of
from serving.person import Person
from tests.serving.overlay.overlay_room import COOKIE, LOGIN, NOW, SECOND, nobody, overlay_in, seen

AD_ID: Pair = ("device_id", "e" * 32)


def said(granted: bool, *pairs: Pair, at: int = NOW, purpose: str = "personalization", trusted: bool = True) -> Arrival:
    properties = {"purpose": purpose, "granted": granted}
    name = f"{granted}{at}{pairs}{purpose}"
    return seen(name, *pairs, at=at, kind="consent_updated", properties=properties, is_trusted=trusted)


def test_the_last_word_of_an_identifier_counts_and_of_two_at_once_the_refusal(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as overlay:
        overlay.take(
            [said(True, LOGIN, at=NOW), said(False, LOGIN, at=NOW), said(True, LOGIN, at=NOW - 1)], NOW, nobody
        )
        assert [word.granted for word in overlay.words([LOGIN], [])] == [False]
        overlay.take([said(True, LOGIN, at=NOW + 1)], NOW, nobody)
        assert [word.granted for word in overlay.words([LOGIN], [])] == [True]


def test_a_word_holds_for_the_customer_whichever_identifier_is_asked(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as overlay:
        overlay.take([said(False, LOGIN)], NOW, lambda _: "ann")
        assert overlay.words([COOKIE], []) == []
        assert [word.granted for word in overlay.words([COOKIE], ["ann"])] == [False]
        # Another identifier's yes does not take it back.
        overlay.take([said(True, COOKIE, at=NOW + SECOND)], NOW, lambda _: "ann")
        person = with_words(Person(None, "u", frozenset({"personalization"})), overlay.words([COOKIE], ["ann"]))
        assert (person.granted, person.refused) == (frozenset(), frozenset({"personalization"}))
        overlay.take([said(True, LOGIN, at=NOW + SECOND)], NOW, lambda _: "ann")
        assert with_words(Person(None, "u", frozenset()), overlay.words([COOKIE], ["ann"])).granted


def test_a_new_snapshot_gives_words_to_its_customers_and_drops_what_it_knows(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as overlay:
        overlay.take([said(False, LOGIN)], NOW, lambda _: "ann")
        overlay.take([said(False, COOKIE)], NOW + 10 * SECOND, lambda _: "ann")
        overlay.reindex(lambda _: "merged", NOW + SECOND)
        assert overlay.words([LOGIN], ["ann"]) == []
        assert [word.owner for word in overlay.words([], ["merged"])] == [owner_of(COOKIE[1])]


@pytest.mark.parametrize(
    ("granted", "trusted", "speaking"),
    [(False, False, [LOGIN, COOKIE, AD_ID]), (True, False, [COOKIE, AD_ID]), (True, True, [LOGIN, COOKIE, AD_ID])],
)
def test_nobody_agrees_in_another_s_name(granted: bool, trusted: bool, speaking: list[Pair]) -> None:
    arrival = said(granted, LOGIN, COOKIE, AD_ID, trusted=trusted)
    assert [pair for pair, _ in words_of(arrival, NOW)] == speaking


@pytest.mark.parametrize("properties", [None, {}, {"purpose": "analytics"}, {"purpose": 3, "granted": True}])
def test_an_event_that_says_nothing_clear_is_no_word(properties: object) -> None:
    assert words_of(seen("a", LOGIN, kind="consent_updated", properties=properties), NOW) == []


@pytest.mark.parametrize(
    ("refusals", "words", "granted"),
    [
        ({}, [Word("personalization", True, 5, 5, 1)], True),
        ({"personalization": [(1, 4)]}, [Word("personalization", True, 5, 5, 1)], True),
        ({"personalization": [(1, 5)]}, [Word("personalization", True, 5, 5, 1)], False),
        ({"personalization": [(2, 4)]}, [Word("personalization", True, 5, 5, 1)], False),
        ({"personalization": [(1, 4), (2, 4)]}, [Word("personalization", True, 5, 5, 1)], False),
        ({"analytics": [(2, 9)]}, [Word("personalization", True, 5, 5, 1)], False),
        ({"marketing_sms": [(2, 9)]}, [Word("personalization", True, 5, 5, 1)], True),
        ({}, [Word("personalization", True, 9, 9, 1), Word("analytics", False, 1, 1, 2)], False),
        ({}, [Word("personalization", True, 9, 9, 1), Word("personalization", False, 1, 1, 2)], False),
    ],
)
def test_a_yes_lifts_older_refusals_of_the_same_identifier_only(
    refusals: dict[str, list[tuple[int, int]]], words: list[Word], granted: bool
) -> None:
    person = Person(None, "u", frozenset({"marketing_email"}), (), refusals)
    told = with_words(person, words)
    assert ("personalization" in told.granted) is granted
    assert "marketing_email" in told.granted


def test_what_happened_before_a_refusal_is_kept() -> None:
    words = [Word("analytics", False, 10, 10, 1), Word("personalization", False, 0, 0, 1)]
    assert [refused_at(words, "analytics", at) for at in (9, 10, 11)] == [False, True, True]
