"""Log lines whose content may name people in clear, sealed with the project's own key until they are taken in."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from intake.keys import quarantine_cipher
from intake.paths import DataPaths

FIELD = "sealed"
Unseal = Callable[[dict[str, Any]], bytes | None]
"""The content of a sealed record; None for an ordinary one. Raises ValueError when this project did not seal it."""


def sealed(cipher: Fernet, content: bytes) -> bytes:
    """A JSON object that holds `content` encrypted."""
    return msgspec.json.encode({FIELD: cipher.encrypt(content).decode("ascii")})


def unsealer(paths: DataPaths) -> Unseal:
    """Opens what this data folder sealed; the key is read with the first sealed record."""
    return opener(cache(partial(quarantine_cipher, paths)))


def opener(cipher: Callable[[], Fernet]) -> Unseal:
    """Opens what was sealed with a cipher, which is asked for with the first sealed record."""

    def unseal(record: dict[str, Any]) -> bytes | None:
        token = record.get(FIELD)
        if len(record) != 1 or not isinstance(token, str):
            return None
        try:
            return cipher().decrypt(token.encode())
        except InvalidToken as error:
            raise ValueError("sealed with another key") from error

    return unseal
