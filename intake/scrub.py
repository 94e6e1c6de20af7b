"""Takes personal identifiers out of URLs, queries and properties."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from intake.values import mask_of

REMOVED = "[removed]"
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+(?:@|%40)[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
# A run of digits alone may be a product number, so a phone needs a leading plus or separators.
_PHONE = re.compile(r"(?:\+|%2[Bb])\d[\d\-. ()]{6,17}\d|(?<![\w.\-])\(?\d{3}\)?[\-. ]\d{3}[\-. ]\d{4}(?![\w\-])")
_PRIVATE_NAME = (
    r"(?:[a-z_]*token|access_key|api_?key|auth|authorization|code_verifier|e-?mail|jwt|mobile|pass(?:word|wd)?|phone"
    r"|pwd|secret|session_?id|sid|sig(?:nature)?|ssn|tel)"
)
_PRIVATE_PARAMETER = re.compile(rf"([?&#;]{_PRIVATE_NAME}=)[^&#;\s\"]+", re.IGNORECASE)
_JWT = re.compile(r"eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]+")
_CANDIDATE = rf"(?i)@|%40|\+\d|%2b\d|\d{{3}}\)?[\-. ]\d{{3}}[\-. ]\d{{4}}|[?&#;]{_PRIVATE_NAME}=|eyJ[a-z0-9_\-]{{8,}}\."


def scrub_text(text: str) -> str:
    """The text with e-mail addresses, phone numbers, tokens and secret query parameters replaced."""
    text = _PRIVATE_PARAMETER.sub(rf"\1{REMOVED}", text)
    for pattern in (_EMAIL, _JWT, _PHONE):
        text = pattern.sub(REMOVED, text)
    return text


def scrub_column(column: pa.Array) -> pa.Array:
    """`scrub_text` on each distinct value that could hold something personal."""
    if column.null_count == len(column):
        return column
    words = column.dictionary_encode()
    suspicious = mask_of(pc.match_substring_regex(words.dictionary, _CANDIDATE))
    if not suspicious.any():
        return column
    clean = [scrub_text(word) for word in words.dictionary.filter(pa.array(suspicious)).to_pylist()]
    return pc.replace_with_mask(words.dictionary, pa.array(suspicious), pa.array(clean, pa.string())).take(
        words.indices
    )
