"""Personal identifiers leave URLs, queries and properties; product numbers stay."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.scrub import scrub_column, scrub_text


@pytest.mark.parametrize(
    ("given_text", "clean"),
    [
        ("https://s.test/a?email=ann@example.org&p=1", "https://s.test/a?email=[removed]&p=1"),
        ("https://s.test/a?to=ann%40example.org", "https://s.test/a?to=[removed]"),
        ("https://s.test/reset?token=abc123#top", "https://s.test/reset?token=[removed]#top"),
        ("https://s.test/?access_token=x&Phone=2125550123", "https://s.test/?access_token=[removed]&Phone=[removed]"),
        ("call 212-555-0123 now", "call [removed] now"),
        ("+49 30 123456 78", "[removed]"),
        ("(212) 555-0123", "[removed]"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1", "jwt [removed]"),
        ("ann.b+shop@mail.example.co.uk", "[removed]"),
    ],
)
def test_what_is_personal_is_removed(given_text: str, clean: str) -> None:
    assert scrub_text(given_text) == clean


@pytest.mark.parametrize(
    "harmless",
    [
        "https://s.test/product/51380041013",
        "https://s.test/p/1029743?size=42&colour=red",
        "running shoes 42",
        "order 2017-05-01 10:00:00",
        "https://s.test/?sidebar=1&telescope=2",
    ],
)
def test_what_is_harmless_stays(harmless: str) -> None:
    assert scrub_text(harmless) == harmless
    assert scrub_column(pa.array([harmless])).to_pylist() == [harmless]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.one_of(st.none(), st.text(max_size=30), st.emails()), max_size=10))
def test_a_column_is_scrubbed_value_by_value(values: list[str | None]) -> None:
    found = scrub_column(pa.array(values, pa.string())).to_pylist()
    assert found == [None if value is None else scrub_text(value) for value in values]


AS_ONCE_DEFINED = (
    re.compile(r"[A-Za-z0-9._%+\-]+(?:@|%40)[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"),
    re.compile(r"eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]+"),
)
PIECES = (
    "a",
    "b@c.de",
    "joe%40x.org",
    "@",
    "%40",
    ".",
    "-",
    "_",
    " ",
    "eyJ",
    "eyJabcdefgh1",
    "abcdefgh12",
    "c.org",
    "/",
)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(PIECES), max_size=9))
def test_nothing_that_a_plain_pattern_finds_is_left(pieces: list[str]) -> None:
    clean = scrub_text("".join(pieces)).replace("[removed]", " ")
    assert not any(pattern.search(clean) for pattern in AS_ONCE_DEFINED)


@pytest.mark.parametrize("piece", ["x", "%40", "@", "a@", ".", "eyJ", "eyJaaaaaaaa.", "1-", "?token", "%41"])
def test_a_long_text_takes_time_by_its_length_and_not_by_its_square(piece: str) -> None:
    """By the square each of these would take minutes."""
    assert len(scrub_text(piece * 60_000)) <= 60_000 * len(piece)
