"""A key of the service: what it may do, from where, and how often. Only its digest is ever written down."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Literal, get_args

import msgspec

Scope = Literal["read", "ingest", "decide", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
BROWSER_SCOPES: tuple[Scope, ...] = ("ingest", "decide")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_SECRET_BYTES = 32


class KeyFault(ValueError):  # noqa: N818
    """A key cannot be made, found or read; the message names field, value and bound."""


class Key(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One key. `slot` is where its requests are counted, the same for all keys of a name.

    `per_second` and `burst` are None where the settings decide. A key that was rotated away ends at `expires_at`.
    """

    key_id: str
    name: str
    digest: str
    scopes: list[Scope]
    slot: int
    created_at: datetime
    browser: bool = False
    origins: list[str] = []
    per_second: float | None = None
    burst: int | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """`active`, `ending` (rotated away, still accepted), `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is None:
            return "active"
        return "ending" if now < self.expires_at else "expired"

    def is_accepted(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.state(now) in ("active", "ending")


def digest_of(secret: bytes) -> str:
    """SHA-256 in hex. A key made here has 256 random bits, so a slow hash would protect nothing and cost each request
    milliseconds."""
    return hashlib.sha256(secret).hexdigest()


def new_secret(key_id: str, browser: bool) -> str:
    """The key itself, shown once: its kind and id can be read off it, the rest are 256 random bits."""
    return f"{'ccb' if browser else 'ccs'}_{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def checked_name(name: str) -> str:
    """The name of a key.

    Raises:
        KeyFault: it is none.
    """
    if not _NAME.fullmatch(name):
        raise KeyFault(f"name: {name!r} must begin with a letter or digit and hold at most 63 of a-z, 0-9, _ and -")
    return name


def checked_scopes(scopes: Collection[str], browser: bool) -> list[Scope]:
    """Scopes in their usual order; a browser's are always the same two.

    Raises:
        KeyFault: an unknown scope, none at all, or one that no browser may have.
    """
    allowed = BROWSER_SCOPES if browser else SCOPES
    for scope in scopes:
        if scope not in allowed:
            whose = "a browser's key" if browser else "a key"
            raise KeyFault(f"scope: {scope!r} is not allowed for {whose}; allowed: {', '.join(allowed)}")
    if browser:
        return list(BROWSER_SCOPES)
    if not scopes:
        raise KeyFault(f"scope: none given; give at least one of {', '.join(SCOPES)}")
    return [scope for scope in SCOPES if scope in scopes]
