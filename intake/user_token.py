"""Tokens by which the shop vouches for who is using a browser: JWT, signed with HS256.

Without one anybody could post a victim's e-mail from a browser of their own and be tied to the victim's profile.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from os import environ
from typing import Any

import jwt
from jwt.types import Options

from intake.hashing import HASH_HEX
from intake.keys import KeyProblem, read_or_make
from intake.paths import DataPaths

SECRET_VARIABLE = "CONCIERGE_USER_TOKEN_SECRET"  # noqa: S105 - the variable's name
ALGORITHM = "HS256"
MINIMUM_SECRET_BYTES = 32
LATEST = 2**37
CLOCK_SKEW = timedelta(seconds=60)
# Times are checked against the project's clock; audience, subject and the like are the shop's own business.
_OPTIONS: Options = {
    "require": ["exp", "iat"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_sub": False,
    "verify_jti": False,
}
_HASH = re.compile(rf"^[0-9a-f]{{{HASH_HEX}}}$")

Hash = Callable[[str, str], str | None]
Identifiers = frozenset[tuple[str, str]]


class UserTokenError(ValueError):
    """A token that proves nothing; the message says why and repeats nothing of it."""


def token_secret(paths: DataPaths) -> bytes:
    """`CONCIERGE_USER_TOKEN_SECRET`, else `data/keys/user_token.key` (mode 600), made when missing.

    Raises:
        KeyProblem: the secret is shorter than the 32 bytes that HS256 asks for (RFC 7518, 3.2).
    """
    given = environ.get(SECRET_VARIABLE)
    if given is not None:
        secret, origin = given.encode(), f"${SECRET_VARIABLE}"
    else:
        file = paths.keys / "user_token.key"
        secret, origin = read_or_make(file, lambda: secrets.token_hex(32).encode()), str(file)
    if len(secret) < MINIMUM_SECRET_BYTES:
        raise KeyProblem(f"{origin}: secret has {len(secret)} bytes; at least {MINIMUM_SECRET_BYTES} are needed")
    return secret


def mint_token(secret: bytes, identifiers: Iterable[tuple[str, str]], now: datetime, lifetime: timedelta) -> str:
    """A token for a person's identifiers, given as (type, keyed hash or clear value).

    Raises:
        ValueError: no identifier, or a lifetime that is not positive.
    """
    claimed: dict[str, list[str]] = {}
    for kind, value in identifiers:
        claimed.setdefault(kind, []).append(value)
    if not claimed or lifetime <= timedelta(0):
        raise ValueError(f"token: {len(claimed)} identifiers for {lifetime}; at least one, for a positive time")
    issued = int(now.timestamp())
    claims = {"identifiers": claimed, "iat": issued, "exp": issued + int(lifetime.total_seconds())}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def verified_identifiers(secret: bytes, token: str, now: datetime, hash_identifier: Hash) -> Identifiers:
    """The (type, keyed hash) pairs that a token vouches for at `now`.

    Args:
        secret: of `token_secret`.
        token: compact JWT; claims `identifiers` (type to a value or a list of values, in clear or as keyed hash),
            `iat` and `exp` (Unix seconds).
        now: on the project's clock, which the demo shifts: the wall clock is not asked.
        hash_identifier: (type, clear value) to keyed hash; None for a placeholder.

    Raises:
        UserTokenError: forged, of another algorithm, expired, from the future, or without its claims.
    """
    claims = _claims(secret, token)
    if not claims["iat"] <= (now + CLOCK_SKEW).timestamp():
        raise UserTokenError("the token was issued in the future, on the clock of this project")
    if not now.timestamp() < claims["exp"]:
        expired = datetime.fromtimestamp(claims["exp"], UTC).isoformat()
        raise UserTokenError(f"the token expired at {expired}, on the clock of this project")
    return frozenset(_vouched(claims["identifiers"], hash_identifier))


def _claims(secret: bytes, token: str) -> dict[str, Any]:
    try:
        claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options=_OPTIONS)
    except jwt.MissingRequiredClaimError as error:
        raise UserTokenError(f"the token lacks the claim {error.claim}") from None
    except jwt.InvalidAlgorithmError:
        raise UserTokenError(f"the token is not signed with {ALGORITHM}") from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise UserTokenError("the token is not signed with this project's secret") from None
    for name in ("iat", "exp"):
        if not _is_time(claims[name]):
            raise UserTokenError(f"the token's claim {name} is not a time in Unix seconds")
    if not isinstance(claims.get("identifiers"), Mapping):
        raise UserTokenError("the token's claim identifiers is not an object of types and values")
    return claims


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LATEST


def _vouched(claimed: Mapping[str, Any], hash_identifier: Hash) -> Iterable[tuple[str, str]]:
    for kind, given in claimed.items():
        for value in given if isinstance(given, list) else [given]:
            if not isinstance(value, str):
                raise UserTokenError(f"the token's claim identifiers.{kind} holds something that is not text")
            if _HASH.match(value):
                yield kind, value
            if (hashed := hash_identifier(kind, value)) is not None:
                yield kind, hashed
