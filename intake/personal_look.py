"""Columns that look personal by their name or by what they hold."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from intake.values import as_text, flat, mask_of

_NAME = re.compile(
    r"mail|phone|telefon|(?:^|_)tel(?:_|$)|mobil|handy|(?:^|_)fax(?:_|$)|addres|adresse|street|strasse|straße"
    r"|(?:first|last|given|family|middle|full|maiden|sur|customer|user|contact|person|vor|nach)_?name|^name$"
    r"|birth|geburt|(?:^|_)dob(?:_|$)|iban|(?:^|_)bic(?:_|$)|credit_?card|card_?(?:no|num)|kreditkarte|passport|(?:^|_)ssn"
    r"|passw|secret|token|tax_?id|(?:^|_)ip(?:_|$)|ip_?addr"
)
_EMAIL = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
_PHONE = r"^\s*(?:\+|00)[1-9][\d\s()/.\-]{6,}\d\s*$|^\s*\(?0\d{1,5}\)?[\s/\-]+\d[\d\s\-]{3,}\s*$"
_MANY = 0.5


def named_personal(name: str) -> bool:
    """True for names such as customerEmail, Telefon, first_name, birth-date."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return bool(_NAME.search(re.sub(r"[\s.\-]+", "_", snake).lower()))


def holds_personal(column: pa.ChunkedArray) -> bool:
    """True when any value holds an e-mail address, or most look like phone numbers."""
    words = as_text(flat(column)).dictionary_encode().dictionary.drop_null()
    if not len(words):
        return False
    if mask_of(pc.match_substring_regex(words, _EMAIL)).any():
        return True
    return bool(mask_of(pc.match_substring_regex(words, _PHONE)).mean() >= _MANY)
