"""The overlay's LMDB file: shared by the workers of a machine, wiped by the first one that starts alone."""

from __future__ import annotations

import fcntl
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lmdb

TABLES = ("session", "pointer", "expiry", "word", "seen", "assigned")
_SMALLEST = 4 << 20
_DATA, _LOCK, _USERS, _OPENING = "data.mdb", "lock.mdb", "users", "opening"

# LMDB refuses to open one file twice in a process.
_OPEN: dict[Path, SharedOverlay] = {}
_GUARD = threading.Lock()


class OverlayUnavailableError(Exception):
    """There is no room or no right to keep an overlay; the message says which and where."""


@dataclass
class SharedOverlay:
    """One open environment with its tables; `is_new` for whoever made it."""

    lmdb: Any
    folder: Path
    descriptor: int
    is_new: bool
    tables: dict[str, Any] = field(default_factory=dict)
    users: int = 1

    def release(self) -> None:
        """Close it when this was its last user in this process."""
        with _GUARD:
            self.users -= 1
            if self.users == 0:
                del _OPEN[self.folder]
                self.lmdb.close()
                os.close(self.descriptor)


class OpeningLock:
    """Held while an overlay is opened and filled: whoever comes next finds it whole."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = _lock_file(folder / _OPENING)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def release(self) -> None:
        """Let the next one in."""
        os.close(self._descriptor)


def open_overlay(folder: Path, megabytes: int) -> SharedOverlay:
    """Join the overlay of the living workers, or begin a new one; call it under an `OpeningLock`.

    Args:
        folder: exists.
        megabytes: room for a new one; never more than half of what is free, all of it taken at once, since memory
            that runs out under a mapped file kills the process.

    Raises:
        OverlayUnavailableError: no room, or the file cannot be made.
    """
    with _GUARD:
        shared = _OPEN.get(folder)
        if shared is not None:
            shared.users += 1
            shared.is_new = False
            return shared
        shared = _OPEN[folder] = _opened(folder, megabytes)
    return shared


def discard(folder: Path) -> bool:
    """Remove an overlay that no living process uses or opens; whether it was removed."""
    if not (folder / _USERS).exists():
        return False
    opening, users = _lock_file(folder / _OPENING), _lock_file(folder / _USERS)
    try:
        if not (_is_alone(opening) and _is_alone(users)):
            return False
        _wipe(folder)
        return True
    finally:
        os.close(users)
        os.close(opening)


def _opened(folder: Path, megabytes: int) -> SharedOverlay:
    try:
        descriptor = _lock_file(folder / _USERS)
        is_new = _is_alone(descriptor)
        if is_new:
            _wipe(folder)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        size = _room(folder, megabytes) if is_new else (folder / _DATA).stat().st_size
        environment = lmdb.open(
            str(folder), map_size=size, max_dbs=len(TABLES), sync=False, metasync=False, writemap=True, meminit=False
        )
        if is_new:
            _take(folder / _DATA, size)
        environment.reader_check()
        tables = {name: environment.open_db(name.encode()) for name in TABLES}
    except (OSError, lmdb.Error) as error:
        raise OverlayUnavailableError(f"{folder}: {error}") from error
    return SharedOverlay(environment, folder, descriptor, is_new, tables)


def _room(folder: Path, megabytes: int) -> int:
    status = os.statvfs(folder)
    size = min(megabytes << 20, status.f_bavail * status.f_frsize // 2)
    if size < _SMALLEST:
        raise OverlayUnavailableError(f"{folder}: {size} bytes are half of what is free; {_SMALLEST} are needed")
    return size - size % 4_096


def _take(file: Path, size: int) -> None:
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)


def _is_alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wipe(folder: Path) -> None:
    for name in (_DATA, _LOCK):
        (folder / name).unlink(missing_ok=True)


def _lock_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
