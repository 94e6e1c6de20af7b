"""Identifiers: normalised, freed of placeholders, and replaced by a keyed hash."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable

import phonenumbers

HASH_HEX = 32
"""Hex digits kept of the HMAC-SHA-256: 128 bits."""

_PLACEHOLDER_WORDS = frozenset(
    {
        "",
        "-",
        "0",
        "null",
        "none",
        "nan",
        "n/a",
        "na",
        "undefined",
        "unknown",
        "anonymous",
        "guest",
        "test",
        "(not set)",
    }
)
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")
_PLACEHOLDER_LOCAL_PARTS = frozenset(
    {"none", "no", "na", "noemail", "no-email", "noreply", "no-reply", "test", "anonymous", "unknown", "null"}
)
_PLACEHOLDER_DOMAINS = frozenset({"none.com", "example.com", "example.org", "test.com", "noemail.com", "email.com"})
_ONLY_ZEROS = re.compile(r"^[0\-: ]+$")


def normalise(identifier_type: str, value: str, region: str = "US") -> str | None:
    """The one spelling of an identifier, or None for a placeholder that would tie strangers together.

    E-mail is stripped and lower-cased; phones become E.164 (`region` is assumed without a +); click ids and cookies
    keep their case; everything else is stripped. All-zero values (a device's zeroed advertising id, 000-000) are None.
    """
    text = value.strip()
    if text.lower() in _PLACEHOLDER_WORDS or _ONLY_ZEROS.match(text):
        return None
    if identifier_type == "email":
        return _email(text.lower())
    if identifier_type == "phone":
        return _phone(text, region)
    if identifier_type == "device_id":
        return text.lower()
    return text


def _email(text: str) -> str | None:
    if not _EMAIL.match(text):
        return None
    local, domain = text.rsplit("@", 1)
    if domain in _PLACEHOLDER_DOMAINS and (local in _PLACEHOLDER_LOCAL_PARTS or domain.startswith("no")):
        return None
    return None if local in {"none", "noemail", "no-email", "null", "unknown", "anonymous"} else text


def _phone(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or len(set(str(number.national_number))) == 1:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def hash_identifier(key: bytes, identifier_type: str, value: str, region: str = "US") -> str | None:
    """Keyed hash of one identifier given in clear: HMAC-SHA-256(key, type + ":" + normalised), 32 hex digits.

    Returns:
        None when the value is a placeholder or cannot be an identifier of this type.
    """
    normal = normalise(identifier_type, value, region)
    return None if normal is None else keyed_hash(key, identifier_type, normal)


def keyed_hash(key: bytes, identifier_type: str, normalised: str) -> str:
    """Keyed hash of an identifier that is in its one spelling already."""
    return hmac.digest(key, f"{identifier_type}:{normalised}".encode(), "sha256").hex()[:HASH_HEX]


def hash_distinct(
    key: bytes, identifier_type: str, values: Iterable[str | None], region: str = "US"
) -> list[str | None]:
    """Hash each of a column's distinct values once, in order; None stays None."""
    return [None if value is None else hash_identifier(key, identifier_type, value, region) for value in values]


def identifier_key(value_hash: str) -> int:
    """The BIGINT key of an identifier: the first 15 hex digits of its hash."""
    return int(value_hash[:15], 16)
