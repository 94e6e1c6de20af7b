"""In which notation numbers are written, and in which currency."""

from __future__ import annotations

import re
from collections.abc import Iterable

from intake.contract_faults import NumberStyle
from intake.number_style import plain_number

_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "zł": "PLN", "kr": "SEK"}
_STYLES = (
    NumberStyle(decimal=",", thousands="."), NumberStyle(decimal=",", thousands=" "),
    NumberStyle(decimal=".", thousands=","),
    NumberStyle(decimal=".", thousands="'"), NumberStyle(decimal=".", thousands="\u2019"), NumberStyle(),
)  # fmt: skip
_COMMA = re.compile(r"\d,\d{1,2}(?!\d)|\d,\d{4,}")
_PLAIN = re.compile(r"^[+-]?\d*\.?\d+$")


def number_style(words: Iterable[str]) -> NumberStyle | None:
    """The notation that all words fit; None where they are plain digits with a point."""
    given = list(dict.fromkeys(word.strip() for word in words))[:20_000]
    odd = [word for word in given if not _PLAIN.match(word)]
    if not odd:
        return None
    comma = any(_COMMA.search(word) for word in odd)
    styles = [style for style in _STYLES if (style.decimal == ",") == comma]
    return max(styles, key=lambda style: sum(not plain_number(word, style).endswith("?") for word in given))


def currency_sign(words: Iterable[str]) -> str | None:
    """The code of the currency whose sign stands beside the numbers."""
    text = " ".join(list(words)[:500])
    code = re.search(r"\b(EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|JPY|CAD|AUD)\b", text)
    return code[1] if code else next((name for sign, name in _SIGNS.items() if sign in text), None)
