"""Segments whose writer died: cut off the torn last line and give them their final name."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from intake.log_line import payload
from serving.log.segment import sync_folder


def recover(folder: Path) -> list[Path]:
    """Close every `.open` segment under `folder` that no living writer has locked; the files they became."""
    recovered = []
    for path in sorted(folder.rglob("*.open")):
        final = _recover_segment(path)
        if final is not None:
            recovered.append(final)
    return recovered


def sound_bytes(content: bytes) -> int:
    """Length of the content up to its last sound line: a torn tail is never part of an acknowledged write."""
    end = len(content)
    while end > 0:
        start = content.rfind(b"\n", 0, end - 1) + 1
        if content[end - 1 : end] == b"\n" and _is_sound(content[start:end]):
            return end
        end = start
    return 0


def _recover_segment(path: Path) -> Path | None:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_same_file(descriptor, path):
            return None
        keep = sound_bytes(path.read_bytes())
        if keep == 0:
            path.unlink()
            return None
        os.ftruncate(descriptor, keep)
        os.fsync(descriptor)
        final = path.with_suffix(".jsonl")
        path.rename(final)
        sync_folder(path.parent)
    except BlockingIOError:
        return None
    finally:
        os.close(descriptor)
    return final


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _is_sound(line: bytes) -> bool:
    try:
        return bool(payload(line))
    except ValueError:
        return False
