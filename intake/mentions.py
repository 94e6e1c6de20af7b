"""Finds identifiers in clear in text of any shape, by hashing whatever could be one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any
from urllib.parse import unquote

import msgspec
import pyarrow as pa

from intake.event import HINT_TYPES, IDENTIFIER_TYPES
from intake.hashing import HASH_PATTERN, MAX_CHARACTERS, hashes_as
from intake.values import flat

TYPES = tuple(name for name in IDENTIFIER_TYPES if name not in HINT_TYPES)
_TYPES_OF_ADDRESSES = ("email", "login")
_TYPES_OF_NUMBERS = tuple(name for name in TYPES if name != "email")
_TYPES_OF_WORDS = tuple(name for name in _TYPES_OF_NUMBERS if name != "phone")
# Reading a phone number costs as much as thirty hashes.
_LETTER = re.compile(r"[^\W\d_]")
WORD = r"[^\s,;|\"'<>(){}\[\]=&?#/\\!*]+"
"""What may be one word of a text, of a URL or of JSON."""
PHONES = r"\+?\(?\d[\d\-. ()/]{5,}\d"
"""Where phone numbers may stand, with what else of digits stands beside them."""
_WORD, _PHONES, _PHONE = re.compile(WORD), re.compile(PHONES), re.compile(r"\+?\(?\d[\d\-. ()/]{5,18}\d")
_NUMBER = re.compile(r"[-:+]?\d+(?:\.\d+)?\.?")
_ENDS = ".:-"
# A product may have the number of somebody's card.
_NAMES_OF_THINGS = re.compile(r'"(?:product_id|category|order_id)\\*":\\*"?([^",}\\]+)')
WRITTEN = ("page_url", "referrer", "campaign", "query", "properties")
"""Fields of an event in which whoever wrote it may name anybody."""
STATED = (
    "session_id", "page_type", "device_type", "os", "browser", "time_zone", "locale", "country", "region",
    "postal_code", "experiment_id",
)  # fmt: skip
"""Fields with one word each, which a source may have filled with a visitor's: they are nothing without it."""
GONE = "[erased]"
# One of these is in every word that tells by itself, but for digits of other scripts.
_SIGN = re.compile(r"[0-9@+%]")
_HASH = re.compile(rf"(?<![0-9a-f]){HASH_PATTERN.strip('^$')}(?![0-9a-f])")
_PHONE_DIGITS = 7
_LONGEST_PHONE = 22
# More numbers in a row are a table.
_MOST_PARTS = 12
_SHORTEST = 1
_SHORTEST_TELLING = 6
# Shorter numbers are those of products, orders and amounts as well.
_TELLING_DIGITS = 10
# A file names the same people again and again; beyond this the memory is worth more than the time.
_REMEMBERED = 1 << 20


class Mentions:
    """Whether text names one of certain identifiers, in clear or as its hash.

    Args:
        key: of the identifier hashes.
        region: for phone numbers without a plus.
        is_meant: whether a hash is one of those looked for.
        types: of those looked for; a word is hashed as no other, which is most of what looking costs.
    """

    def __init__(
        self, key: bytes, region: str, is_meant: Callable[[str], bool], types: Collection[str] = TYPES
    ) -> None:
        self._key, self._region, self._is_meant = key, region, is_meant
        possible = (_TYPES_OF_ADDRESSES, _TYPES_OF_NUMBERS, _TYPES_OF_WORDS)
        self._types = {kinds: tuple(kind for kind in kinds if kind in types) for kinds in possible}
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
        return any(self.names(word) for word in _looked_for(text, fields))

    def all_inside(self, text: bytes | str, fields: frozenset[str] = frozenset()) -> int:
        """Ask for every word that `inside` looks for, also after one that is meant; how many are."""
        return sum(self.names(word) for word in _looked_for(text, fields))

    def words_in(self, text: str) -> set[str]:
        """The words of a text that are meant, as they stand in it; of words only those that tell by themselves."""
        words = {phone for phone in _phones_in(text) if is_telling(phone) and self.names(phone)}
        return words.union(*map(self.words_of, _runs_in(text)))

    def words_of(self, run: str) -> set[str]:
        """Of one word: its parts that are meant and tell by themselves, and itself where URLs have written it anew."""
        parts = {part for part in parts_of(run) if is_telling(part) and self.names(part)}
        return parts | {run} if parts and "%" in run else parts

    def any_in(self, texts: Iterable[str]) -> bool:
        """Whether any of many texts names one; what they have in common is looked at once.

        True wherever `without` would change one of them, and also where it would keep the name of a product.
        """
        said = "\n".join(texts)
        phrases = {phrase for phrase in _phones_in(said) if _WORD.fullmatch(phrase) is None}
        return any(is_telling(word) and self.names(word) for word in _parts_in(said) | phrases)

    def without(self, text: str) -> str:
        """The text with the words that are meant replaced; JSON stays JSON, and lines of orders keep their products."""
        words = self.words_in(text)
        words = words.difference(_NAMES_OF_THINGS.findall(text)) if words else words
        for phrase in longest_first(word for word in words if _WORD.fullmatch(word) is None):
            text = text.replace(phrase, GONE)
        return without_words(text, words.__contains__) if words else text

    def unless_named(self, value: str) -> str | None:
        """A value that names none of them; None for any other."""
        return None if self.words_in(value) else value

    def left_of(self, value: str) -> str | None:
        """A value without them; None for one that is meant as a whole."""
        return None if self.names(value) else self.without(value)

    def _looked_up(self, word: str) -> bool:
        text = word.strip()
        if not _SHORTEST <= len(text) <= MAX_CHARACTERS:
            return False
        # A cookie may look like a hash and be none.
        if _HASH.fullmatch(text) and self._is_meant(text):
            return True
        return any(map(self._is_meant, hashes_as(self._key, self._types[_types_of(text)], text, self._region)))


def longest_first(phrases: Iterable[str]) -> list[str]:
    """In which order to take them out: of +1 (555) 234-5678 nothing stays when (555) 234-5678 is one as well."""
    return sorted(phrases, key=lambda phrase: (-len(phrase), phrase))


def is_telling(word: str) -> bool:
    """Whether finding this word alone means something: an address, a phone number with its plus, a code."""
    if "@" in word or (word.startswith("+") and len(word) > _PHONE_DIGITS):
        return True
    if _NUMBER.fullmatch(word):
        return word.isdigit() and len(word) >= _TELLING_DIGITS
    return len(word) >= _SHORTEST_TELLING and any(map(str.isdigit, word))


def parts_of(word: str) -> Iterator[str]:
    """A word as it stands, without what ends a sentence, what colons part in it (`mailto:`), and what it is in URLs."""
    yield from _plain_parts(word)
    meant = word
    # An address within an address is written anew twice.
    for _ in range(2):
        if "%" not in meant or (read := unquote(meant)) == meant:
            return
        meant = read
        for part in _WORD.findall(meant):
            yield from _plain_parts(part)


def _plain_parts(word: str) -> Iterator[str]:
    yield word
    bare = word.strip(_ENDS)
    if bare != word:
        yield bare
    if ":" in bare:
        yield from bare.split(":")


def _parts_in(text: str) -> set[str]:
    return {part for run in _runs_in(text) for part in parts_of(run)}


def _runs_in(text: str) -> Iterator[str]:
    """Each different word of a text, but for those of which no part can tell by itself."""
    return (run for run in set(_WORD.findall(text)) if _SIGN.search(run) or not run.isascii())


def phones_of(run: str) -> Iterator[str]:
    """What may be one phone number of a run of digits and signs: also between blanks, as in `0151 1234567 10 Uhr`."""
    yield from _PHONE.findall(run)
    words = run.split(" ")
    for first in range(len(words) if 1 < len(words) <= _MOST_PARTS else 0):
        for last in range(first + 1, len(words) + 1):
            phrase = " ".join(words[first:last])
            if len(phrase) > _LONGEST_PHONE:
                break
            if _PHONE.fullmatch(phrase):
                yield phrase


def _phones_in(text: str) -> Iterator[str]:
    for run in _PHONES.findall(text):
        yield from phones_of(run)


def each_text(rows: pa.Table, name: str, change: Callable[[str], str | None]) -> pa.Table:
    """The table with a column of text changed, each different text once; the same table where nothing changes."""
    texts = flat(rows.column(name)).dictionary_encode()
    said = texts.dictionary.to_pylist()
    changed = [change(text) for text in said]
    if changed == said:
        return rows
    fresh = pa.array(changed, texts.dictionary.type).take(texts.indices)
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(name), fresh)


def without_words(text: str, is_meant: Callable[[str], bool]) -> str:
    """The text without some words; a number becomes 0, so that JSON stays JSON."""

    def left_of(found: re.Match[str]) -> str:
        if not any(map(is_meant, parts_of(found[0]))):
            return found[0]
        head = found[0].rstrip("0123456789")
        return f"{head}0" if head in ("", ":") else GONE

    return _WORD.sub(left_of, text)


def candidates(said: str) -> Iterator[str]:
    """Words that could be identifiers: the values of a JSON object, words, phone numbers and hashes."""
    with contextlib.suppress(msgspec.DecodeError):
        yield from _leaves(msgspec.json.decode(said))
    for run in _WORD.findall(said):
        yield from parts_of(run)
    yield from _phones_in(said)
    yield from _HASH.findall(said)


def _looked_for(text: bytes | str, fields: frozenset[str]) -> Iterator[str]:
    said = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text
    yield from _values_of(said, fields)
    yield from (word for word in candidates(said) if is_telling(word))


def _types_of(word: str) -> tuple[str, ...]:
    if "@" in word:
        return _TYPES_OF_ADDRESSES
    if _LETTER.search(word) or sum(map(str.isdigit, word)) < _PHONE_DIGITS:
        return _TYPES_OF_WORDS
    return _TYPES_OF_NUMBERS


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
