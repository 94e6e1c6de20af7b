"""Names of people: titles and suffixes taken off, formal names of nicknames, how a family name sounds."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from nicknames import NickNamer

_TITLES: Final = frozenset(
    ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "dame", "herr", "frau", "mme", "mlle", "m"]
)
_SUFFIXES: Final = {
    "jr": "junior", "junior": "junior", "jnr": "junior", "sr": "senior", "senior": "senior", "snr": "senior",
    "ii": "second", "iii": "third", "iv": "fourth", "2nd": "second", "3rd": "third",
}  # fmt: skip
_DEGREES: Final = frozenset(["md", "phd", "esq", "dds", "cpa", "rn"])


class Parts(NamedTuple):
    """A name taken apart; empty text where there is none."""

    given: str
    family: str
    suffix: str


def bare(words: str) -> tuple[str, str]:
    """Words of a name without titles and degrees, and its generation: junior, senior, second, third, fourth or ""."""
    tokens = words.split()
    suffix = next((_SUFFIXES[token] for token in tokens[1:] if token in _SUFFIXES), "")
    kept = [token for token in tokens if token not in _SUFFIXES and token not in _DEGREES]
    while len(kept) > 1 and kept[0] in _TITLES:
        kept = kept[1:]
    return " ".join(kept), suffix


def split_full_name(words: str, family_first: bool) -> Parts:
    """A full name in folded words; the family name is the last word, or what stood before a comma (marked by " , ")."""
    if family_first:
        family, _, given = words.partition(" , ")
        (given, first), (family, second) = bare(given), bare(family)
        return Parts(given, family, first or second)
    whole, suffix = bare(words)
    given, _, family = whole.rpartition(" ")
    return Parts(given, family, suffix)


@cache
def _namer() -> NickNamer:
    return NickNamer()


@cache
def formal_names(given: str) -> frozenset[str]:
    """The first word of a given name with every formal name that it may stand for."""
    first = given.partition(" ")[0]
    return frozenset({first, *_namer().canonicals_of(first)})


@cache
def all_names(given: str) -> frozenset[str]:
    """Formal names and nicknames of the first word of a given name."""
    first = given.partition(" ")[0]
    return frozenset(_namer().canonicals_of(first) | _namer().nicknames_of(first))


_USUAL: Final = {"alex": "alexander", "bill": "william", "billy": "william", "tom": "thomas", "tommy": "thomas"}
_HAS_MANY: Final = 6


@cache
def formal_name(given: str) -> str:
    """One formal name for all its nicknames: the usual one, itself if it has many nicknames, or else the one with the
    most nicknames, the most letters, first by alphabet."""
    namer = _namer()
    first = given.partition(" ")[0]
    candidates = namer.canonicals_of(first)
    if first in _USUAL or not candidates or len(namer.nicknames_of(first)) >= _HAS_MANY:
        return _USUAL.get(first, first)
    return min(candidates, key=lambda name: (-len(namer.nicknames_of(name)), -len(name), name))


_SOUNDS: Final = (
    ("ph", "f"), ("sch", "s"), ("sh", "s"), ("ck", "k"), ("th", "t"), ("gh", "g"), ("kn", "n"), ("wr", "r"),
    ("tz", "s"), ("dg", "j"), ("c", "k"), ("q", "k"), ("z", "s"), ("x", "ks"), ("v", "f"), ("w", "f"), ("j", "y"),
    ("p", "b"), ("d", "t"), ("g", "k"), ("m", "n"),
)  # fmt: skip
_DOUBLE: Final = re.compile(r"(.)\1+")


@cache
def sound(family: str) -> str:
    """At most four consonants that survive most misspellings, after the first letter's class."""
    text = family.replace(" ", "")
    for letters, sound_of in _SOUNDS:
        text = text.replace(letters, sound_of)
    head, tail = text[:1], re.sub(r"[aeiouyh]", "", text[1:])
    head = "a" if head in "aeiouyh" else head
    return _DOUBLE.sub(r"\1", head + tail)[:4]
