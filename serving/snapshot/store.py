"""The live snapshot of one worker: follows the pointer without dropping or mixing an answer."""

from __future__ import annotations

import logging
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
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
    """One version; as a context it is what a request was lent, and gives back."""

    def __init__(self, version: str, ready: Ready, lock: threading.Lock) -> None:
        self.version = version
        self.ready = ready
        self.leases = 0
        self.retired = False
        self._lock = lock

    def __enter__(self) -> Ready:
        return self.ready

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self.leases -= 1
            last = self.retired and self.leases == 0
        if last:
            self.ready.close()


def _missing(live: str | None) -> str:
    if live is None:
        return "no snapshot has been published"
    return f"current is gone; {live} is served on, and a worker that starts now has nothing: concierge rollback {live}"


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

    def lease(self) -> AbstractContextManager[Ready | None]:
        """The live version for the length of one request, or None; it is not closed underneath.

        It is lent with the call and given back at the end of the `with` that takes it.
        """
        with self._lock:
            held = self._held
            if held is None:
                return nullcontext()
            held.leases += 1
        return held

    def refresh(self) -> bool:
        """Follow the pointer: verify, open, then flip. Whether a new version is now live.

        Checksums read every byte, so that no request waits for the disk where it is the first to touch a row. A version
        that cannot be trusted is refused once, logged, and the last good one stays.
        """
        wanted = current(self._root)
        if wanted is None or wanted == self.version:
            self.problem = _missing(self.version) if wanted is None else None
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
            return _Held(version, self._opener(reader), self._lock)
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
