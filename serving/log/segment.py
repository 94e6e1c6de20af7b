"""Segments of one worker's log: `<worker>-<n>.open` while written, `.jsonl` once closed."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

# Intake picks up closed segments only, so the age bounds how long an hourly run can miss what was written.
MAX_BYTES = 64 << 20
MAX_AGE_SECONDS = 30.0


class Segment:
    """One file, locked by its writer for as long as it is open."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}.open"
        hidden = folder / f".{name}.starting"
        self._descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            # Locked before it gets a name that others look for, so nobody adopts it in between.
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(self.path)
            sync_folder(folder)
        except OSError:
            os.close(self._descriptor)
            hidden.unlink(missing_ok=True)
            raise
        self.size = 0
        self.is_torn = False
        self.opened = time.monotonic()

    def append(self, content: bytes, *, durable: bool) -> None:
        """Add whole lines; with `durable` they are on disk when this returns.

        Raises:
            OSError: nothing of `content` counts; what was written of it is cut off again. Where not even that can be
                done the segment is torn: another line would be lost behind the rest of this one.
        """
        try:
            written = 0
            while written < len(content):
                written += os.write(self._descriptor, content[written:])
            if durable:
                os.fdatasync(self._descriptor)
        except OSError:
            self._cut()
            raise
        self.size += len(content)

    def is_due(self, max_bytes: int, max_age_seconds: float) -> bool:
        """Whether it holds something and is large or old enough to be closed."""
        old = time.monotonic() - self.opened >= max_age_seconds
        return self.size > 0 and (self.size >= max_bytes or old)

    def leave(self) -> None:
        """Leave a torn one as it is, to whoever closes the segments of the dead."""
        os.close(self._descriptor)

    def _cut(self) -> None:
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError:
            self.is_torn = True

    def close(self) -> None:
        """Put it on disk under its final name; an empty one goes away."""
        try:
            if self.size:
                os.fdatasync(self._descriptor)
                self.path.rename(self.path.with_suffix(".jsonl"))
            else:
                self.path.unlink()
            sync_folder(self.path.parent)
        finally:
            os.close(self._descriptor)


class SegmentWriter:
    """Writes one worker's lines of one kind, opening the next segment where the last one was closed.

    Args:
        folder: one kind's folder under `data/service_log`.
        worker: a name no other writer, living or dead, has used.
    """

    def __init__(
        self, folder: Path, worker: str, *, max_bytes: int = MAX_BYTES, max_age_seconds: float = MAX_AGE_SECONDS
    ) -> None:
        self._folder = folder
        self._worker = worker
        self._bounds = max_bytes, max_age_seconds
        self._number = 0
        self._segment: Segment | None = None

    def write(self, content: bytes, *, durable: bool) -> None:
        """Append whole lines.

        Raises:
            OSError: nothing of `content` counts.
        """
        if self._segment is None:
            self._number += 1
            self._segment = Segment(self._folder, f"{self._worker}-{self._number:06d}")
        try:
            self._segment.append(content, durable=durable)
        except OSError:
            self._pass_over()
            raise
        self.rotate()

    def rotate(self) -> None:
        """Close the segment when it is large or old enough."""
        if self._segment is not None and self._segment.is_due(*self._bounds):
            self.close()

    def close(self) -> None:
        """Close the segment, if there is one."""
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()

    def _pass_over(self) -> None:
        """After a failure: go on in another segment where this one is torn or due, as files may grow no further."""
        if self._segment is not None and self._segment.is_torn:
            self._segment.leave()
            self._segment = None
        with suppress(OSError):
            self.rotate()


def sync_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
