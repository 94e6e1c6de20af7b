"""Who sent a request, as far as the service has to know."""

from __future__ import annotations

from dataclasses import dataclass, field

from serving.access.key import SCOPES, Scope


@dataclass(frozen=True)
class Caller:
    """`name` is that of the key. A browser speaks for its own cookie and device; a server for whom it names."""

    name: str
    scopes: frozenset[Scope] = field(default_factory=lambda: frozenset(SCOPES))
    is_browser: bool = False


NOBODY = Caller("nobody")
"""Whoever is on the machine while there are no keys: everything is allowed."""
