"""Adopts log segments of the lookup service whose writer is gone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from intake.atomic_file import sync

OPEN_SUFFIX = ".open"


def adopt_segments(folder: Path) -> list[Path]:
    """Give `.open` segments that nobody holds locked their final `.jsonl` name; empty ones go away.

    The writer keeps a lock on its segment while it lives, and the system takes the lock back when it dies, so a
    free lock means that nothing more will be written. A torn last line is left in: it becomes a quarantine row.
    """
    adopted = []
    for segment in sorted(folder.rglob(f"*{OPEN_SUFFIX}")):
        final = _adopt(segment)
        if final is not None:
            adopted.append(final)
    return adopted


def _adopt(segment: Path) -> Path | None:
    try:
        handle = os.open(segment, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), segment.stat()):
            return None
        if os.fstat(handle).st_size == 0:
            segment.unlink()
            return None
        os.fsync(handle)
        final = segment.with_suffix(".jsonl")
        segment.rename(final)
        sync(segment.parent)
    except (BlockingIOError, FileNotFoundError):
        return None
    finally:
        os.close(handle)
    return final
