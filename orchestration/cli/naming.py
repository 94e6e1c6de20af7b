"""Identifiers as they are named on the command line, and as they are shown: never in clear."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from orchestration.cli.errors import CommandError

if TYPE_CHECKING:
    from intake.project import Project
    from orchestration.cli.published import Published

HASH_DIGITS = 15
SHOWN_DIGITS = 8
_CUSTOMER = re.compile(rf"^c[0-9a-f]{{{HASH_DIGITS}}}$")
_SEEN = "select status, reason from identity.identifier where identifier_key = ?"
_TYPES = "select identifier_key, type from identity.identifier where list_contains(?, identifier_key)"


@dataclass(frozen=True)
class Named:
    """One identifier: its BIGINT key, and how it is shown."""

    key: int
    shown: str


def mask(value_hash: str) -> str:
    """Enough of a hash to tell identifiers apart on a screen: its first 8 digits."""
    return f"{value_hash[:SHOWN_DIGITS]}…"


def named(project: Project, text: str) -> Named:
    """An identifier from `TYPE:VALUE` in clear, or the oldest identifier of a customer from `c…`.

    Raises:
        typer.BadParameter: it is written in no such way.
        CommandError: the value cannot be such an identifier.
    """
    from intake.event import IDENTIFIER_TYPES
    from intake.hashing import identifier_key

    if _CUSTOMER.match(text):
        return Named(int(text[1:], 16), text)
    kind, colon, value = text.partition(":")
    if not colon or kind not in IDENTIFIER_TYPES:
        written = "write TYPE:VALUE or a customer id (c and 15 digits)"
        raise typer.BadParameter(f"{written}; types: {', '.join(IDENTIFIER_TYPES)}")
    found = hashed(project, kind, value)
    return Named(identifier_key(found), f"{kind} {mask(found)}")


def check_type(kind: str) -> None:
    """A misspelt type would name nobody, and the answer would be that of a stranger.

    Raises:
        typer.BadParameter: no such type; names those there are.
    """
    from intake.event import IDENTIFIER_TYPES

    if kind not in IDENTIFIER_TYPES:
        raise typer.BadParameter(f"{kind!r} is no type of identifier; types: {', '.join(IDENTIFIER_TYPES)}")


def hashed(project: Project, kind: str, value: str) -> str:
    """The keyed hash of an identifier in clear.

    Raises:
        typer.BadParameter: no such type.
        CommandError: a placeholder, or no identifier of this type.
    """
    check_type(kind)
    from intake.hashing import hash_identifier
    from intake.keys import identifier_key_bytes

    found = hash_identifier(identifier_key_bytes(project.paths), kind, value, project.settings.intake.default_region)
    if found is None:
        raise CommandError(f"{kind}: this value is a placeholder or not of this type; it names nobody")
    return found


def seen(project: Project, published: Published, text: str) -> Named:
    """Like `named`, for an identifier that the ledger knows.

    Raises:
        CommandError: it was never seen in the published version.
    """
    one = named(project, text)
    if not published.rows(_SEEN, [one.key]):
        raise CommandError(f"{one.shown}: never seen in published version {published.version}")
    return one


def shown_keys(published: Published | None, keys: Iterable[int]) -> dict[int, str]:
    """How keys are shown: type and the first digits of the hash, as far as the published ledger knows the type."""
    wanted = sorted(set(keys))
    types = {row["identifier_key"]: row["type"] for row in published.rows(_TYPES, [wanted])} if published else {}
    return {key: f"{types.get(key, 'identifier')} {mask(f'{key:0{HASH_DIGITS}x}')}" for key in wanted}
