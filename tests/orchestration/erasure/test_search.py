"""The search of many words against plain `find`, over chunks, alignments, lengths and letter cases."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from orchestration.erasure import search
from orchestration.erasure.search import Search


def _found(content: bytes, words: list[bytes]) -> set[tuple[int, bytes]]:
    lower, found = content.lower(), set()
    for word in words:
        at = lower.find(word.lower())
        while at >= 0:
            found.add((at, word.lower()))
            at = lower.find(word.lower(), at + 1)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_finds_what_find_finds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_CHUNK", 64)
    dice = random.Random(seed)  # noqa: S311
    # Few letters: words overlap, repeat, and stand across chunks.
    letters = b"abAB@1" if seed % 2 else bytes(range(256))
    content = bytes(dice.choice(letters) for _ in range(700))
    places = [(dice.randrange(650), dice.choice((1, 3, 5, 6, 8, 9, 13, 15, 16, 32))) for _ in range(12)]
    words = [content[at : at + size] for at, size in places] + [b"not there at all", b""]
    assert {tuple(hit) for hit in Search(words).hits(content)} == _found(content, [word for word in words if word])


def test_every_offset_and_the_last_byte() -> None:
    word = b"0123456789abcde"
    for before in range(40):
        content = b"f" * before + word
        assert [hit.place for hit in Search([word]).hits(content)] == [before]


def test_rows_are_told_and_neighbours_are_not_read_together() -> None:
    texts = ["no", "0123456789abcde", "01234567", "89abcde", None, "xx0123456789ABCDE"]
    for kind in (pa.string(), pa.large_string(), pa.large_binary()):
        rows = [(row, hit.place) for row, hit in Search([b"0123456789abcde"]).rows(pa.array(texts, kind))]
        assert rows == [(1, 0), (5, 2)]
        assert [row for row, _ in Search([b"0123456789abcde"]).rows(pa.array(texts, kind).slice(2))] == [3]


def test_nothing_to_look_for() -> None:
    assert not Search([b""])
    assert list(Search([]).hits(b"anything")) == []
