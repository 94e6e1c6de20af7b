"""Columns that say whether somebody agreed to be written to."""

from __future__ import annotations

import re

from intake.consent_terms import USUAL_WORDS
from intake.inference.draft import mapped, scalar
from intake.inference.facts import Facts
from intake.inference.profile import Column, plain_name

_NAME = re.compile(r"newsletter|opt ?(?:in|out)|consent|einwillig|marketing|werbung|subscri|mailing|accepts")
_CHANNELS = (
    ("sms", r"sms|text"),
    ("push", r"push"),
    ("phone", r"phone|telefon|call"),
    ("post", r"\b(?:post|letter|brief)\b"),
)
_OTHER_WORDS = {
    **dict.fromkeys(["ja", "j", "oui", "si", "sí", "sì", "tak", "da", "angemeldet"], "granted"),
    **dict.fromkeys(["nein", "non", "nie", "abgemeldet"], "refused"),
}


def write_consents(facts: Facts) -> None:
    """One line a column of yes and no; a column that means the opposite (opt_out) is left to people."""
    found: dict[str, str] = {}
    for column in facts.cast.free():
        words = _words(column)
        name = plain_name(column.name)
        purpose = _purpose(name)
        if not words or not _NAME.search(name) or re.search(r"opt ?out|unsub", name) or purpose in found:
            continue
        facts.cast.taken.add(column.name)
        odd = {word: _OTHER_WORDS[word.casefold()] for word in words if word.casefold() in _OTHER_WORDS}
        term = {"column": scalar(column.name), **({"map": mapped(odd)} if odd else {})}
        found[purpose] = mapped(term)
    if found:
        facts.draft.add("consents", "")
        for purpose, value in found.items():
            facts.draft.add(purpose, value, "by its name; say which purpose it was asked for", indent=1)


def _words(column: Column) -> list[str]:
    """Its words, when they are few and each is a yes or a no."""
    words = sorted({str(value).strip() for value in column.values if value is not None})
    known = all(word.casefold() in USUAL_WORDS or word.casefold() in _OTHER_WORDS for word in words)
    return words if 0 < len(words) <= 6 and known else []


def _purpose(name: str) -> str:
    channel = next((channel for channel, pattern in _CHANNELS if re.search(pattern, name)), "email")
    return f"marketing_{channel}"
