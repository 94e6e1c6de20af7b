"""Secret keys of a data folder: made on first use with mode 600, or given by the environment."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from intake.hashing import CHAIN
from intake.paths import DataPaths

KEY_VARIABLE = "CONCIERGE_KEY"
_MINIMUM_BYTES = 16


class KeyProblem(ValueError):  # noqa: N818
    """A key is missing, too short or not readable."""


def identifier_key_bytes(paths: DataPaths) -> bytes:
    """What all identifier hashes are made with: the first key and, after rotations, those that followed it.

    The first is `CONCIERGE_KEY`, else `data/keys/identifier.key`, made when missing; the n-th is
    `data/keys/identifier.n.key`.

    Raises:
        KeyProblem: a key is shorter than 16 bytes, a file cannot be read, or one of the chain is missing.
    """
    return CHAIN.join([_first_key(paths), *later_keys(paths)])


def later_keys(paths: DataPaths) -> list[bytes]:
    """The keys that rotations added, oldest first.

    Raises:
        KeyProblem: one is missing, too short or cannot be read.
    """
    numbers = sorted(int(file.suffixes[0][1:]) for file in paths.keys.glob("identifier.*.key"))
    if numbers != list(range(2, len(numbers) + 2)):
        missing = next(number for number in range(2, len(numbers) + 2) if number not in numbers)
        raise KeyProblem(f"{later_key_file(paths, missing)}: is missing; without it no identifier can be looked up")
    return [_checked(later_key_file(paths, number).read_bytes().strip(), str(number)) for number in numbers]


def later_key_file(paths: DataPaths, number: int) -> Path:
    """Where the n-th key of the chain lies."""
    return paths.keys / f"identifier.{number}.key"


def _checked(key: bytes, origin: str) -> bytes:
    if len(key) < _MINIMUM_BYTES:
        raise KeyProblem(f"{origin}: key has {len(key)} bytes; at least {_MINIMUM_BYTES} are needed")
    if CHAIN in key:
        raise KeyProblem(f"{origin}: key must not hold a NUL byte")
    return key


def _first_key(paths: DataPaths) -> bytes:
    given = os.environ.get(KEY_VARIABLE)
    if given is not None:
        key, origin = given.encode(), f"${KEY_VARIABLE}"
    else:
        file = paths.keys / "identifier.key"
        key, origin = read_or_make(file, lambda: secrets.token_hex(32).encode()), str(file)
    return _checked(key, origin)


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
