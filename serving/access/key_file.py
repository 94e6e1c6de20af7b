"""`keys/api_keys.json` of the data folder: every key ever made, by digest, mode 600."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from intake.atomic_file import PRIVATE_FILE, PRIVATE_FOLDER, publish
from serving.access.key import Key, KeyFault, checked_name, checked_scopes, digest_of, new_secret
from serving.access.origin import named_origins

FILE = "api_keys.json"
# The first slots belong to the keys that come from the environment.
FIRST_SLOT = 8
SLOTS = 1_024
_DECODE = msgspec.json.Decoder(list[Key])
Change = Callable[[list[Key]], list[Key]]


class KeyFile:
    """Keys of one data folder; every change is one atomic replacement under a lock.

    Args:
        folder: `keys/` of the data folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def every(self) -> list[Key]:
        """Every key, revoked ones included, in the order of creation; none where there is no file.

        Raises:
            KeyFault: the file cannot be read.
        """
        try:
            return _DECODE.decode(self.path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise KeyFault(f"{self.path}: cannot be read as keys: {type(error).__name__}") from None

    def create(
        self,
        name: str,
        scopes: Collection[str],
        now: datetime,
        *,
        origins: Collection[str] = (),
        browser: bool = False,
        per_second: float | None = None,
        burst: int | None = None,
    ) -> tuple[Key, str]:
        """A new key and its secret, which is told this once.

        Raises:
            KeyFault: a name that is taken, an unknown scope, an origin that is none, or a limit out of bounds.
        """
        key_id = secrets.token_hex(4)
        secret = new_secret(key_id, browser)
        key = Key(
            key_id=key_id,
            name=checked_name(name),
            digest=digest_of(secret.encode()),
            scopes=checked_scopes(scopes, browser),
            slot=0,
            created_at=now,
            browser=browser,
            origins=_checked_origins(origins, browser),
            per_second=_bounded("per-second", per_second, 0.01, 1e6),
            burst=None if burst is None else int(_bounded("burst", burst, 1, 1e6) or 1),
        )

        def added(keys: list[Key]) -> list[Key]:
            if any(known.name == name and known.is_accepted(now) for known in keys):
                raise KeyFault(f"name: {name!r} is taken; rotate it, revoke it, or take another name")
            return [*keys, msgspec.structs.replace(key, slot=_free_slot(keys, now))]

        return self._change(added)[-1], secret

    def rotate(self, name: str, now: datetime, keep_old: timedelta) -> tuple[Key, str]:
        """A new secret for a name; the one before is accepted for `keep_old` more.

        Raises:
            KeyFault: no such key.
        """
        key_id = secrets.token_hex(4)
        made: list[str] = []

        def rotated(keys: list[Key]) -> list[Key]:
            last = _last(keys, name, now)
            secret = new_secret(key_id, last.browser)
            made.append(secret)
            digest, ends = digest_of(secret.encode()), now + keep_old
            fresh = msgspec.structs.replace(last, key_id=key_id, digest=digest, created_at=now, expires_at=None)
            return [*(_ending(key, ends) if key.name == name else key for key in keys), fresh]

        return self._change(rotated)[-1], made[0]

    def revoke(self, name: str, now: datetime) -> int:
        """Take every secret of a name out of force; how many were.

        Raises:
            KeyFault: no such key.
        """
        count = 0

        def revoked(keys: list[Key]) -> list[Key]:
            nonlocal count
            _last(keys, name, now)
            hit = [key.name == name and key.is_accepted(now) for key in keys]
            count = sum(hit)
            return [
                msgspec.structs.replace(key, revoked_at=now) if out else key
                for key, out in zip(keys, hit, strict=True)
            ]  # fmt: skip

        self._change(revoked)
        return count

    def _change(self, change: Change) -> list[Key]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        with self._locked():
            keys = change(self.every())
            draft = self.path.with_name(f".{FILE}.partial")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(keys), indent=1) + b"\n")
            publish([(draft, self.path)])
        return keys

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.path.with_name(f".{FILE}.lock"), os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _last(keys: list[Key], name: str, now: datetime) -> Key:
    found = [key for key in keys if key.name == name and key.is_accepted(now)]
    if not found:
        known = sorted({key.name for key in keys if key.is_accepted(now)})
        raise KeyFault(f"name: {name!r} is no key in force; in force: {', '.join(known) or 'none'}")
    return found[-1]


def _ending(key: Key, ends: datetime) -> Key:
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= ends):
        return key
    return msgspec.structs.replace(key, expires_at=ends)


def _free_slot(keys: list[Key], now: datetime) -> int:
    used = {key.slot for key in keys if key.is_accepted(now)}
    free = next((slot for slot in range(FIRST_SLOT, SLOTS) if slot not in used), None)
    if free is None:
        raise KeyFault(f"keys: {len(used)} are in force, which is the most there may be; revoke some")
    return free


def _checked_origins(origins: Collection[str], browser: bool) -> list[str]:
    if not browser:
        if origins:
            raise KeyFault("origin: only a browser's key is bound to origins; add --browser")
        return []
    if not origins:
        raise KeyFault("origin: a browser's key needs at least one, as https://shop.example; '*' is any")
    try:
        return list(dict.fromkeys(name for written in origins for name in named_origins(written)))
    except ValueError as error:
        raise KeyFault(f"origin: {error}") from None


def _bounded(name: str, value: float | None, least: float, most: float) -> float | None:
    if value is not None and not least <= value <= most:
        raise KeyFault(f"{name}: {value:g} must lie between {least:g} and {most:g}")
    return value
