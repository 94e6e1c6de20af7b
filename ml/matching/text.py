"""Text in one spelling: lower-case ASCII words, whatever the script and the accents."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_TABLE: Final = str.maketrans(json.loads(Path(__file__).with_name("letters.json").read_text(encoding="utf-8")))


def ascii_letters(text: str) -> str:
    """Lower case without accents, Cyrillic and Greek in Latin letters; what has no such spelling is left out."""
    plain = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return bare.translate(_TABLE).encode("ascii", "ignore").decode()


def folded(text: pa.Array) -> pa.Array:
    """Lower-case ASCII words separated by single spaces; null where nothing is left."""
    lower = pc.utf8_lower(text)
    foreign = pc.invert(pc.fill_null(pc.string_is_ascii(lower), True))
    if pc.any(foreign).as_py():
        spelled = [ascii_letters(value) for value in lower.filter(foreign).to_pylist()]
        lower = pc.replace_with_mask(lower, foreign, pa.array(spelled, lower.type))
    words = pc.replace_substring_regex(lower, r"['`]", "")
    words = pc.utf8_trim_whitespace(pc.replace_substring_regex(words, r"[^a-z0-9]+", " "))
    return or_null(words)


def or_null(text: pa.Array) -> pa.Array:
    """Empty text as null."""
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)


def squeezed(words: pa.Array) -> pa.Array:
    """Words written as one."""
    return pc.replace_substring(words, " ", "")


def by_distinct(text: pa.Array, change: Callable[[str], str | None]) -> pa.Array:
    """A function applied once to each distinct value."""
    words = text.dictionary_encode()
    changed = [change(word) for word in words.dictionary.to_pylist()]
    return pa.array(changed, pa.string()).take(words.indices)
