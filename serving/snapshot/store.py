"""The live snapshot of one worker: follows the pointer without dropping or mixing an answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from serving.snapshot.pointer import POINTER, current
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import SnapshotError
from serving.snapshot.verify import verify

_LOG = logging.getLogger(__name__)


class Closable(Protocol):
    """Whatever is prepared from a reader."""

    def close(self) -> None:
        """Give the reader back."""
        ...


Ready = TypeVar("Ready", bound=Closable)


class Opener(Protocol[Ready]):  # type: ignore[misc]
    """Turns an open reader into what requests use."""

    def __call__(self, reader: SnapshotReader) -> Ready:
        """Prepare everything a request needs, so that the first one waits for nothing."""
        ...


class _Held(Generic[Ready]):
    def __init__(self, version: str, ready: Ready) -> None:
        self.version = version
        self.ready = ready
        self.leases = 0
        self.retired = False


class SnapshotStore(Generic[Ready]):
    """Holds the live version. `refresh` may run in another thread than `lease`."""

    def __init__(self, root: Path, opener: Opener[Ready]) -> None:
        self._root = root
        self._opener = opener
        self._lock = threading.Lock()
        self._held: _Held[Ready] | None = None
        self._refused: str | None = None
        self.problem: str | None = "no snapshot has been published"

    @property
    def version(self) -> str | None:
        """Version being served, or None before the first."""
        return None if self._held is None else self._held.version

    @contextmanager
    def lease(self) -> Iterator[Ready | None]:
        """The live version for the length of one request, or None; it is not closed underneath."""
        with self._lock:
            held = self._held
            if held is not None:
                held.leases += 1
        try:
            yield None if held is None else held.ready
        finally:
            if held is not None:
                self._give_back(held)

    def refresh(self) -> bool:
        """Follow the pointer: verify, open, prefault, then flip. Whether a new version is now live.

        A version that cannot be trusted is refused once, logged, and the last good one stays.
        """
        wanted = current(self._root)
        if wanted is None or wanted == self.version:
            self.problem = "no snapshot has been published" if wanted is None and self._held is None else None
            self._refused = None
            return False
        if wanted == self._refused:
            return False
        try:
            held = self._open(wanted)
        except (SnapshotError, OSError) as error:
            self._refused, self.problem = wanted, str(error)
            _LOG.error("snapshot %s refused, %s stays: %s", wanted, self.version, error)
            return False
        self._flip(held)
        return True

    def close(self) -> None:
        """Let go of the live version once its last request has ended."""
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            self._retire(held)

    def _open(self, version: str) -> _Held[Ready]:
        folder = (self._root / version).resolve()
        if not folder.is_dir():
            raise SnapshotError(f"{POINTER} names {version!r}, which does not exist")
        verify(folder)
        reader = SnapshotReader(folder)
        try:
            reader.prefault()
            return _Held(version, self._opener(reader))
        except BaseException:
            reader.close()
            raise

    def _flip(self, held: _Held[Ready]) -> None:
        with self._lock:
            before, self._held = self._held, held
        self._refused = self.problem = None
        _LOG.info("snapshot %s is live", held.version)
        if before is not None:
            self._retire(before)

    def _retire(self, held: _Held[Ready]) -> None:
        with self._lock:
            held.retired = True
            idle = held.leases == 0
        if idle:
            held.ready.close()

    def _give_back(self, held: _Held[Ready]) -> None:
        with self._lock:
            held.leases -= 1
            last = held.retired and held.leases == 0
        if last:
            held.ready.close()
