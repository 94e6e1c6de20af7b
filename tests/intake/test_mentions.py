"""Looking for the erased in what others wrote: whatever is looked at once and as certain types, nothing is missed."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from intake.hashing import hash_identifier
from intake.mentions import GONE, Mentions, parts_of

KEY = b"k" * 32
PEOPLE = {
    "email": "Ann.Lee+x@shop.example", "login": "o-brien77", "phone": "+1 (555) 234-5678", "loyalty_id": "4017293845",
    "cookie": "+abcdefgh", "crm_id": "٠١٢٣٤٥٦٧٨٩", "pos_id": "k²m³n¹x", "device_id": "3f2504e0-4f89-11d3-9a0c",
}  # fmt: skip
SPLITTERS = [" ", "\n", "\t", "\u00a0", *",;|\"'<>(){}[]=&?#/\\!*"]
OTHERS = st.sampled_from(["", "red", "no1", "99", "4711", "a@b.example", "1234567890", "x" * 600, "٣", "½", "mailto"])
PIECES = st.one_of(OTHERS, st.sampled_from(list(PEOPLE.values())), st.text("a1@+-.:", max_size=8))
TEXTS = st.lists(
    st.lists(st.tuples(PIECES, st.sampled_from(SPLITTERS) | st.sampled_from([":", ".", "+", ""])), max_size=5).map(
        lambda said: "".join(map("".join, said))
    ),
    max_size=4,
)


def hash_of(kind: str, value: str) -> str | None:
    return hash_identifier(KEY, kind, value)


def looking_for(kinds: set[str]) -> Mentions:
    meant = {hash_of(kind, PEOPLE[kind]) for kind in kinds}
    return Mentions(KEY, "US", meant.__contains__, kinds)


@settings(max_examples=150, deadline=None)
@given(st.sets(st.sampled_from(sorted(PEOPLE)), min_size=1, max_size=3), TEXTS)
def test_no_word_is_missed_whatever_stands_beside_it(kinds: set[str], texts: list[str]) -> None:
    mentions, meant = looking_for(kinds), {hash_of(kind, PEOPLE[kind]) for kind in kinds}
    left = [mentions.without(text) for text in texts]
    assert not any(
        {hash_of(kind, part) for kind in kinds - {"phone"}} & meant
        for text in left
        for word in re.split("[" + re.escape("".join(SPLITTERS)) + "]+", text)
        for part in parts_of(word)
    )
    assert "phone" not in kinds or all(PEOPLE["phone"] not in text for text in left)
    assert mentions.any_in(texts) == (left != texts), "nothing here is the name of a product"


def test_a_word_is_found_as_the_type_that_it_is_looked_for_as() -> None:
    for kind, value in PEOPLE.items():
        left = "0" if kind == "loyalty_id" else GONE
        assert looking_for({kind}).without(f'{{"note":"{value}, hello"}}') == f'{{"note":"{left}, hello"}}'
        assert looking_for({kind}).without(f"{value} 2 times, 7 {value}") == f"{left} 2 times, 7 {left}"
        within = f"/?x=1&back=%2Fof%2F{value}%253Fx&y=2"
        assert kind == "phone" or looking_for({kind}).without(within) == f"/?x=1&back={GONE}&y=2"
        assert looking_for({kind}).any_in(["a", value, "a"])
        assert kind == "phone" or looking_for({kind}).any_in([f"mailto:{value}."])
        assert looking_for({kind}).any_in(["%" + "25" * 5_000, value])
        assert not looking_for(set(PEOPLE) - {kind}).any_in(["for", value])
