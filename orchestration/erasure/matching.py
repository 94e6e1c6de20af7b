"""Whether text or bytes name the people of an erasure, and the same text without them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import AnyStr

import pyarrow as pa

from intake.hashing import name_of
from intake.keys import identifier_key_bytes
from intake.mentions import GONE, WORD, Mentions, is_telling, longest_first, parts_of, without_words
from intake.project import Project
from orchestration.erasure.scope import Scope
from orchestration.erasure.search import Hit, Search

KEY_HEX = 15
_RUN = re.compile(r"[0-9a-f]{15,}")
_HEX_DIGITS = frozenset(bytes([letter]) for letter in b"0123456789abcdefABCDEF")
# A word in clear ends where letters of other alphabets, lengths and other binary content begin.
_TAIL = re.compile(rb"[^\x00-\x20\x7f-\xff,;|\"'<>(){}\[\]=&?#/\\!*]*\Z")
_HEAD = re.compile(rb"[^\x00-\x20\x7f-\xff,;|\"'<>(){}\[\]=&?#/\\!*]*")
_REACH = 256
HASH, ID, KEY, CLEAR = "hash", "customer id", "key", "value in clear"
_DECIMAL = re.compile(r"(?<![0-9a-zA-Z])\d{12,19}(?![0-9a-zA-Z])")
_WORD = re.compile(WORD)
# So many words are found faster by a search of the whole text each than by taking it to pieces.
_FEW = 50


class Matcher:
    """Looks for hashes, keys, customer ids and values in clear of one scope."""

    def __init__(self, scope: Scope) -> None:
        self.hashes = frozenset(scope.hashes)
        self._prefixes = frozenset(map(name_of, self.hashes))
        # An id may be made from an identifier that others share, and in a heap of strings that one's hash may follow a
        # c: such an id counts only where no other digit stands before it. Opening the store finds it in any case.
        self._ids = frozenset(one for one in scope.customer_ids if one[1:] not in self._prefixes)
        self._decimals = frozenset(str(key) for key in scope.keys)
        # 4711 stands in every file; what does not tell by itself is looked for only where identifiers stand.
        self._words = frozenset(telling_words(scope))
        # The search takes small and capital letters of ASCII for the same; of other alphabets it needs both.
        self._spelled = self._words | {value for value in scope.clear if value.lower() in self._words}
        self._phrases = tuple(longest_first(word for word in self._words if _WORD.fullmatch(word) is None))

    @cached_property
    def _kinds(self) -> dict[bytes, str]:
        """What is looked for in bytes, and what of theirs it is."""
        kinds = dict.fromkeys((word.encode().lower() for word in self._spelled), CLEAR)
        kinds |= dict.fromkeys((name.encode() for name in self._prefixes), HASH)
        kinds |= dict.fromkeys((one.encode() for one in self._ids), ID)
        return kinds | dict.fromkeys((number.encode() for number in self._decimals), KEY)

    @cached_property
    def _search(self) -> Search:
        return Search(self._kinds)

    @property
    def shortest(self) -> int:
        """Bytes of the shortest text that can name one of them."""
        return min(map(len, self._kinds), default=0)

    def in_text(self, text: str) -> bool:
        """Whether a cell or a document names one of them."""
        if any(self._has_name(run) for run in _RUN.findall(text)):
            return True
        if any(number in self._decimals for number in _DECIMAL.findall(text)):
            return True
        lower = text.lower()
        return self._has_word(lower) or any(phrase in lower for phrase in self._phrases)

    def cleaned(self, text: str) -> str:
        """The text with every mention replaced; a bare number becomes 0, so that JSON stays JSON."""
        if not self.in_text(text):
            return text
        text = _DECIMAL.sub(lambda found: "0" if found.group() in self._decimals else found.group(), text)
        text = re.sub(r"\b[0-9a-z]*[0-9a-f]{15,}[0-9a-z]*", self._run_or_gone, text)
        for phrase in self._phrases:
            text = re.sub(re.escape(phrase), GONE, text, flags=re.IGNORECASE)
        return without_words(text, lambda word: word.lower() in self._words)

    def in_bytes(self, content: bytes | memoryview, heap: bool = False) -> set[str]:
        """What kinds of mention bytes hold.

        Args:
            content: of a file.
            heap: whether values may stand in it side by side, with nothing between them, as in a database's pages.
        """
        found: set[str] = set()
        for hit in self._search.hits(content):
            kind = self._kinds[hit.word]
            if kind not in found and self._counts(content, hit, kind, heap):
                found.add(kind)
        return found

    def rows_named(self, texts: pa.Array) -> set[int]:
        """Rows of an array of strings or binaries that name one of them."""
        found: set[int] = set()
        for row, hit in self._search.rows(texts):
            if row not in found and self._counts(_bytes_of(texts[row].as_py()), hit, self._kinds[hit.word], False):
                found.add(row)
        return found

    def _counts(self, content: bytes | memoryview, hit: Hit, kind: str, heap: bool) -> bool:
        """Whether a hit is more than a part of something else."""
        end = hit.place + len(hit.word)
        before = bytes(content[max(hit.place - _REACH, 0) : hit.place])
        after = bytes(content[end : end + _REACH])
        if kind == ID:
            return before[-1:] not in _HEX_DIGITS
        if kind == HASH or heap:
            return True
        if kind == KEY:
            return not before[-1:].isalnum() and not after[:1].isalnum()
        if not hit.word.isascii() or hit.word.decode() in self._phrases:
            return True
        word = _TAIL.search(before).group() + hit.word + _HEAD.match(after).group()  # type: ignore[union-attr]
        return self._is_word(word.decode("ascii", errors="ignore").lower())

    def _has_name(self, run: str) -> bool:
        return _names(run, self._prefixes, self._ids)

    def _has_word(self, lower: str) -> bool:
        if not self._words:
            return False
        if len(self._words) <= _FEW and not any(word in lower for word in self._words):
            return False
        return any(self._is_word(word) for word in set(_WORD.findall(lower)))

    def _is_word(self, word: str) -> bool:
        return any(part in self._words for part in parts_of(word))

    def _run_or_gone(self, found: re.Match[str]) -> str:
        return GONE if any(self._has_name(run) for run in _RUN.findall(found.group())) else found.group()


def _names(run: AnyStr, prefixes: frozenset[AnyStr], ids: frozenset[AnyStr]) -> bool:
    """Whether a run of hex digits has one of the prefixes anywhere, or begins with one of the ids."""
    if run[: KEY_HEX + 1] in ids:
        return True
    return any(run[at : at + KEY_HEX] in prefixes for at in range(len(run) - KEY_HEX + 1))


def _bytes_of(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def mentions_of(project: Project, scope: Scope) -> Mentions:
    """Finds the scope's own identifiers in clear, also those that nobody gave, by hashing what could be one."""
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    names = {name_of(value_hash) for value_hash in scope.hashes}
    return Mentions(key, region, lambda value_hash: name_of(value_hash) in names)


def telling_words(scope: Scope) -> list[str]:
    """Values in clear, in lower case, whose sight alone gives the person away."""
    return sorted({value.lower() for value in scope.clear - scope.common if is_telling(value)})
