"""The keys that open the service now: those of the environment and those of the key file, followed as it changes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from serving.access.key import BROWSER_SCOPES, SCOPES, Key, KeyFault, digest_of
from serving.access.key_file import KeyFile

_LOG = logging.getLogger(__name__)
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def given_key(name: str, secret: str, slot: int) -> Key:
    """A key of the shop's servers that comes from the environment: it may do everything."""
    digest = digest_of(secret.encode())
    return Key(key_id=name, name=name, digest=digest, scopes=list(SCOPES), slot=slot, created_at=_ALWAYS)


def given_browser_key(name: str, secret: str, slot: int, origins: Sequence[str]) -> Key:
    """A key of the shop's pages that comes from the environment."""
    return Key(
        key_id=name,
        name=name,
        digest=digest_of(secret.encode()),
        scopes=list(BROWSER_SCOPES),
        slot=slot,
        created_at=_ALWAYS,
        browser=True,
        origins=list(origins),
    )


class KeyRing:
    """Finds keys by digest, so that the time it takes says nothing of how much of a guess was right.

    Args:
        given: keys of the environment.
        file: keys of the data folder; None where there is none.
    """

    def __init__(self, given: Sequence[Key], file: KeyFile | None) -> None:
        self._given = tuple(given)
        self._file = file
        self._made: tuple[Key, ...] = ()
        self._stamp: tuple[int, int, int] | None = None
        self._was_there = False
        self._by_digest: dict[bytes, Key] = {}
        self.origins: frozenset[str] = frozenset()
        self.is_open = True
        self._index(_ALWAYS)

    def follow(self, now: datetime) -> None:
        """Look whether the file has changed or a key has ended; a file that is gone or wrong changes nothing."""
        if self._file is not None:
            self._read(self._file)
        self._index(now)

    def key_of(self, secret: bytes) -> Key | None:
        """The key in force with this secret."""
        return self._by_digest.get(hashlib.sha256(secret).digest())

    def _read(self, file: KeyFile) -> None:
        try:
            status = file.path.stat()
        except FileNotFoundError:
            if self._stamp is not None:
                self._stamp = None
                _LOG.error("%s is gone; the keys stay as they were", file.path.name)
            return
        except OSError as error:
            _LOG.error("%s cannot be looked at: %s", file.path.name, error.strerror)
            return
        self._was_there = True
        stamp = status.st_mtime_ns, status.st_size, status.st_ino
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._made = tuple(file.every())
        except KeyFault as error:
            _LOG.error("the keys stay as they were: %s", error)

    def _index(self, now: datetime) -> None:
        every = (*self._given, *self._made)
        accepted = [key for key in every if key.is_accepted(now)]
        found = {bytes.fromhex(key.digest): key for key in accepted}
        if found != self._by_digest:
            self._by_digest = found
            self.origins = frozenset(origin for key in accepted for origin in key.origins)
        # Once a key was made the service never opens again by itself: revoking the last one locks it, and so does a
        # file that cannot be read.
        self.is_open = not self._was_there and all(key.browser for key in self._given)
