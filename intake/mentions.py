"""Finds identifiers in clear in text of any shape, by hashing whatever could be one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from intake.event import HINT_TYPES, IDENTIFIER_TYPES
from intake.hashing import MAX_CHARACTERS, hash_identifier

TYPES = tuple(name for name in IDENTIFIER_TYPES if name not in HINT_TYPES)
_WORD = re.compile(r"[^\s,;|\t\"'<>(){}\[\]=&?#]+")
_PHONE = re.compile(r"\+?\(?\d[\d\-. ()/]{5,18}\d")
_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_PHONE_DIGITS = 7
_SHORTEST = 1
_SHORTEST_TELLING = 6
# A file names the same people again and again; beyond this the memory is worth more than the time.
_REMEMBERED = 1 << 20


class Mentions:
    """Whether text names one of certain identifiers, in clear or as its hash.

    Args:
        key: of the identifier hashes.
        region: for phone numbers without a plus.
        is_meant: whether a hash is one of those looked for.
    """

    def __init__(self, key: bytes, region: str, is_meant: Callable[[str], bool]) -> None:
        self._key, self._region, self._is_meant = key, region, is_meant
        self._known: dict[str, bool] = {}

    def names(self, word: str) -> bool:
        """Whether one word, taken as an identifier of any type or as a hash, is meant."""
        found = self._known.get(word)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[word] = self._looked_up(word)
        return found

    def inside(self, text: bytes | str, fields: frozenset[str] = frozenset()) -> bool:
        """Whether a line, a JSON object or any other text names one of them.

        Args:
            text: what a source said.
            fields: members of the object that hold identifiers: there every value counts. Elsewhere only what tells
                by itself: 4711 may be a customer, a product or an amount.
        """
        said = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text
        if any(self.names(value) for value in _values_of(said, fields)):
            return True
        return any(self.names(word) for word in candidates(said) if is_telling(word))

    def _looked_up(self, word: str) -> bool:
        text = word.strip()
        if not _SHORTEST <= len(text) <= MAX_CHARACTERS:
            return False
        if _HASH.fullmatch(text):
            return self._is_meant(text)
        hashes = (hash_identifier(self._key, kind, text, self._region) for kind in _types_of(text))
        return any(found is not None and self._is_meant(found) for found in hashes)


def is_telling(word: str) -> bool:
    """Whether finding this word alone means something: an address, a phone number with its plus, a code."""
    if "@" in word or (word.startswith("+") and len(word) > _PHONE_DIGITS):
        return True
    has_digit = any(letter.isdigit() for letter in word)
    return len(word) >= _SHORTEST_TELLING and has_digit and (len(word) >= _PHONE_DIGITS or not word.isdigit())


def candidates(said: str) -> Iterator[str]:
    """Words that could be identifiers: the values of a JSON object, words, phone numbers and hashes."""
    with contextlib.suppress(msgspec.DecodeError):
        yield from _leaves(msgspec.json.decode(said))
    yield from _WORD.findall(said)
    yield from _PHONE.findall(said)
    yield from _HASH.findall(said)


def _types_of(word: str) -> tuple[str, ...]:
    if "@" in word:
        return ("email", "login")
    digits = sum(letter.isdigit() for letter in word)
    return TYPES if digits >= _PHONE_DIGITS else tuple(name for name in TYPES if name not in ("phone", "email"))


def _values_of(said: str, fields: frozenset[str]) -> Iterator[str]:
    if not fields:
        return
    with contextlib.suppress(msgspec.DecodeError):
        found = msgspec.json.decode(said)
        if isinstance(found, dict):
            for name in fields & found.keys():
                yield from _leaves(found[name])


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
