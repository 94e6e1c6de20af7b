"""Identifiers: normalised, freed of placeholders, and replaced by a keyed hash."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator

import phonenumbers

HASH_HEX = 32
"""Hex digits kept of the HMAC-SHA-256: 128 bits."""

NAME_HEX = 15
"""Hex digits that name the identifier for life: keys of the ledger and customer ids are made of them."""

CHAIN = b"\0"
"""Between the keys of a chain, oldest first."""

_MARKS = "ghijklmnopqrstuvwxyz"
"""The digit after the name, from the second key on: no hex digit, so a hash tells how many keys it has seen."""

MAX_KEYS = len(_MARKS) + 1
HASH_PATTERN = rf"^[0-9a-f]{{{NAME_HEX}}}[0-9a-z][0-9a-f]{{{HASH_HEX - NAME_HEX - 1}}}$"

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
        "#n/a",
        "n.a.",
        "nil",
        "(none)",
        "[object object]",
        "anon",
        "deleted",
        "not available",
        "unavailable",
        "xxx",
        "-1",
    }
)
MAX_CHARACTERS = 512
"""Of an identifier; anything longer is a value in the wrong column."""
# Control characters, what stands for bytes that were no text, and halves of characters.
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
# A JSON object or array in the place of an identifier: an empty one would be everybody's. {3F25-…} is an id.
_OBJECT = re.compile(r"""^(?:\[.*\]|\{\s*(?:".*)?\})$""", re.DOTALL)
_EMAIL = re.compile(r"^(?!.*://)[^@\s]+@[^@\s]+\.[^@\s.]+$")
_PLACEHOLDER_LOCAL_PARTS = frozenset(
    {"none", "no", "na", "noemail", "no-email", "noreply", "no-reply", "test", "anonymous", "unknown", "null"}
)
_PLACEHOLDER_DOMAINS = frozenset({"none.com", "example.com", "example.org", "test.com", "noemail.com", "email.com"})
_NOBODYS_LOCAL_PARTS = frozenset({"none", "noemail", "no-email", "null", "unknown", "anonymous"})
_TEST_ACCOUNT = re.compile(r"^(?:test|tests|tester|testing|testuser|qa|dummy)(?:\+.*)?$")
_KEYBOARD = frozenset({"a", "aa", "aaa", "abc", "asd", "asdf", "qwerty", "x", "xx", "xxx"})
_NO_DOMAIN = re.compile(r"(?:^|\.)(?:invalid|localhost|localdomain)$")
_ONLY_ZEROS = re.compile(r"^[0\-:. ]+$")
_ONLY_NINES = re.compile(r"^9{7,}$")
_EMULATOR = "9774d56d682e549c"
"""The Android id that a well-known fault gave to thousands of devices."""


def normalise(identifier_type: str, value: str, region: str = "US") -> str | None:
    """The one spelling of an identifier, or None for a placeholder that would tie strangers together.

    E-mail is stripped and lower-cased; phones become E.164 (`region` is assumed without a +); click ids and cookies
    keep their case; everything else is stripped. None, too, for what is no text or longer than `MAX_CHARACTERS`, for
    JSON objects and arrays, all-zero values (a zeroed advertising id, 000-000), test accounts and addresses of a
    private network.
    """
    text = _said(value)
    return None if text is None else _spelt(identifier_type, text, region)


def _said(value: str) -> str | None:
    """The text, stripped; None for what is an identifier of no type."""
    text = value.strip()
    if len(text) > MAX_CHARACTERS or _NO_TEXT.search(text):
        return None
    if _OBJECT.match(text):
        return None
    if text.lower() in _PLACEHOLDER_WORDS or _ONLY_ZEROS.match(text) or _ONLY_NINES.match(text):
        return None
    return text


def _spelt(identifier_type: str, text: str, region: str) -> str | None:
    if identifier_type == "phone":
        return _phone(text, region)
    own_rule = _OWN_RULES.get(identifier_type)
    return own_rule(text.lower()) if own_rule else text


def _email(text: str) -> str | None:
    if not _EMAIL.match(text):
        return None
    local, domain = text.rsplit("@", 1)
    if domain in _PLACEHOLDER_DOMAINS and (local in _PLACEHOLDER_LOCAL_PARTS or domain.startswith("no")):
        return None
    if local in _KEYBOARD and domain.split(".")[0] in _KEYBOARD:
        return None
    nobodys = local in _NOBODYS_LOCAL_PARTS or _TEST_ACCOUNT.match(local) or _NO_DOMAIN.search(domain)
    return None if nobodys else text


def _phone(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or len(set(str(number.national_number))) == 1:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _device(text: str) -> str | None:
    return None if text == _EMULATOR or len(set(text.replace("-", ""))) == 1 else text


def _ip(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    nobodys = address.is_loopback or address.is_link_local or any(address in network for network in _PRIVATE_NETWORKS)
    return None if nobodys or address.is_unspecified or address.is_multicast else address.compressed


_PRIVATE_NETWORKS = [
    ipaddress.ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
]
_OWN_RULES: dict[str, Callable[[str], str | None]] = {"email": _email, "device_id": _device, "ip": _ip}


def hash_identifier(key: bytes, identifier_type: str, value: str, region: str = "US") -> str | None:
    """Keyed hash of one identifier given in clear: HMAC-SHA-256(key, type + ":" + normalised), 32 hex digits.

    Returns:
        None when the value is a placeholder or cannot be an identifier of this type.
    """
    normal = normalise(identifier_type, value, region)
    return None if normal is None else keyed_hash(key, identifier_type, normal)


def hashes_as(key: bytes, identifier_types: Iterable[str], value: str, region: str = "US") -> Iterator[str]:
    """The keyed hashes of one value as each of some types that it can be of, see `hash_identifier`."""
    text = _said(value)
    if text is None:
        return
    for identifier_type in identifier_types:
        normal = _spelt(identifier_type, text, region)
        if normal is not None:
            yield keyed_hash(key, identifier_type, normal)


def keyed_hash(key: bytes, identifier_type: str, normalised: str) -> str:
    """Keyed hash of an identifier that is in its one spelling already; by every key of a chain in turn."""
    first, *later = key.split(CHAIN)
    value = hmac.digest(first, f"{identifier_type}:{normalised}".encode(), "sha256").hex()[:HASH_HEX]
    return _rekeyed(value, later, generation=2) if later else value


def generation_of(value_hash: str) -> int:
    """How many keys a hash has seen: 1 until the first rotation."""
    mark = value_hash[NAME_HEX]
    return _MARKS.index(mark) + 2 if mark in _MARKS else 1


def upgraded(key: bytes, value_hash: str) -> str:
    """The same identifier's hash by the whole chain, made from an older hash, without the clear value.

    The part that names the identifier stays (see `NAME_HEX`), so both resolve to the same person.
    """
    generation = generation_of(value_hash)
    return _rekeyed(value_hash, key.split(CHAIN)[generation:], generation + 1)


def _rekeyed(value: str, keys: Iterable[bytes], generation: int) -> str:
    for number, key in enumerate(keys, start=generation):
        fresh = hmac.digest(key, value.encode(), "sha256").hex()
        value = value[:NAME_HEX] + _MARKS[number - 2] + fresh[: HASH_HEX - NAME_HEX - 1]
    return value


def name_of(value_hash: str) -> str:
    """What stays of a hash through every rotation, and what identifiers are looked up by."""
    return value_hash[:NAME_HEX]


def hash_distinct(
    key: bytes, identifier_type: str, values: Iterable[str | None], region: str = "US"
) -> list[str | None]:
    """Hash each of a column's distinct values once, in order; None stays None."""
    return [None if value is None else hash_identifier(key, identifier_type, value, region) for value in values]


def identifier_key(value_hash: str) -> int:
    """The BIGINT key of an identifier: the first 15 hex digits of its hash."""
    return int(name_of(value_hash), 16)
