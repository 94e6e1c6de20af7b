"""Secret keys of a data folder: made on first use with mode 600, or given by the environment."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from intake.paths import DataPaths

KEY_VARIABLE = "CONCIERGE_KEY"
_MINIMUM_BYTES = 16


class KeyProblem(ValueError):  # noqa: N818
    """A key is missing, too short or not readable."""


def identifier_key_bytes(paths: DataPaths) -> bytes:
    """The key of all identifier hashes: `CONCIERGE_KEY`, else `data/keys/identifier.key`, made when missing.

    Raises:
        KeyProblem: the key is shorter than 16 bytes or its file cannot be read.
    """
    given = os.environ.get(KEY_VARIABLE)
    if given is not None:
        key, origin = given.encode(), f"${KEY_VARIABLE}"
    else:
        file = paths.keys / "identifier.key"
        key, origin = read_or_make(file, lambda: secrets.token_hex(32).encode()), str(file)
    if len(key) < _MINIMUM_BYTES:
        raise KeyProblem(f"{origin}: key has {len(key)} bytes; at least {_MINIMUM_BYTES} are needed")
    return key


def quarantine_cipher(paths: DataPaths) -> Fernet:
    """The cipher of quarantined originals, with its own key beside the identifier key.

    Raises:
        KeyProblem: the key file is not a Fernet key.
    """
    file = paths.keys / "quarantine.key"
    key = read_or_make(file, lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)))
    try:
        return Fernet(key)
    except ValueError as error:
        raise KeyProblem(f"{file}: not a Fernet key") from error


def read_or_make(file: Path, make: Callable[[], bytes]) -> bytes:
    """A key file's content; a missing one is made with mode 600, once, whoever comes first.

    Raises:
        KeyProblem: the file cannot be read.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.parent.chmod(0o700)
        _publish(file, make())
    try:
        return file.read_bytes().strip()
    except OSError as error:
        raise KeyProblem(f"{file}: cannot be read: {error.strerror}") from error


def _publish(file: Path, key: bytes) -> None:
    # Two processes may start at once: each writes its own draft, and the link lets only the first one win.
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(key)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
