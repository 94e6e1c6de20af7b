"""Takes personal identifiers out of URLs, queries and properties."""

from __future__ import annotations

import re
import string

import pyarrow as pa
import pyarrow.compute as pc

from intake.values import mask_of

REMOVED = "[removed]"
_AT = re.compile(r"(?:@|%40)(?=[A-Za-z0-9\-]+\.)")
_LOCAL_PART = string.ascii_letters + string.digits + "._%+-"
# Longer than any address may be; looking back further would let a long text take time by its square.
_LONGEST_LOCAL_PART = 320
_DOMAIN = re.compile(r"[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
# A run of digits alone may be a product number, so a phone needs a leading plus or separators.
_PHONE = re.compile(r"(?:\+|%2[Bb])\d[\d\-. ()]{6,17}\d|(?<![\w.\-])\(?\d{3}\)?[\-. ]\d{3}[\-. ]\d{4}(?![\w\-])")
_PRIVATE_NAME = (
    r"(?:[a-z_]*token|access_key|api_?key|auth|authorization|code_verifier|e-?mail|jwt|mobile|pass(?:word|wd)?|phone"
    r"|pwd|secret|session_?id|sid|sig(?:nature)?|ssn|tel)"
)
_PRIVATE_PARAMETER = re.compile(rf"([?&#;]{_PRIVATE_NAME}=)[^&#;\s\"]+", re.IGNORECASE)
_DOTTED = re.compile(r"[A-Za-z0-9_\-.]+")
_TOKEN_HEAD, _TOKEN_PART = "eyJ", 8
_CANDIDATE = rf"(?i)@|%40|\+\d|%2b\d|\d{{3}}\)?[\-. ]\d{{3}}[\-. ]\d{{4}}|[?&#;]{_PRIVATE_NAME}=|eyJ[a-z0-9_\-]{{8,}}\."


def scrub_text(text: str) -> str:
    """The text with e-mail addresses, phone numbers, tokens and secret query parameters replaced.

    It takes time in proportion to the text, whatever that holds: browsers post it.
    """
    text = _PRIVATE_PARAMETER.sub(rf"\1{REMOVED}", text)
    text = _without_addresses(text)
    if _TOKEN_HEAD in text:
        text = _DOTTED.sub(lambda found: _without_tokens(found[0]), text)
    return _PHONE.sub(REMOVED, text)


def _without_addresses(text: str) -> str:
    """Text without e-mail addresses, the at sign written as it is or as in URLs."""
    kept, end = [], 0
    for sign in _AT.finditer(text):
        if sign.start() < end:
            continue
        before = text[max(end, sign.start() - _LONGEST_LOCAL_PART) : sign.start()]
        local = len(before) - len(before.rstrip(_LOCAL_PART))
        domain = _DOMAIN.match(text, sign.end())
        if local and domain:
            # What follows at once belongs to it: a chain of addresses goes as a whole.
            while (sign_after := _AT.match(text, domain.end())) and (more := _DOMAIN.match(text, sign_after.end())):
                domain = more
            kept += [text[end : sign.start() - local], REMOVED]
            end = domain.end()
    return "".join(kept) + text[end:] if kept else text


def _without_tokens(run: str) -> str:
    """A run of letters and dots without JSON web tokens: three parts, of which the first begins as JSON in base64."""
    parts = run.split(".")
    if len(parts) < 3:
        return run
    kept: list[str] = []
    while parts:
        head = parts[0]
        start = head.find(_TOKEN_HEAD)
        is_token = 0 <= start <= len(head) - len(_TOKEN_HEAD) - _TOKEN_PART
        if is_token and len(parts) > 2 and len(parts[1]) >= _TOKEN_PART and parts[2]:
            kept.append(head[:start] + REMOVED)
            del parts[:3]
        else:
            kept.append(parts.pop(0))
    return ".".join(kept)


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
