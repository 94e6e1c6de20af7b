"""Erasure from the overlay of a running service, by another process."""

from __future__ import annotations

from pathlib import Path

from serving.overlay.environment import OpeningLock, discard, open_overlay
from serving.overlay.overlay import Overlay
from serving.session.reducer import shipped_reducer

# The file is there already; the size counts only when its last worker ended in this very moment.
_MEGABYTES = 16


def erase_from_overlay(folder: Path, value_hashes: frozenset[str]) -> int:
    """Remove sessions and words of consent of these identifiers, by their keyed hashes; how many there were.

    An overlay that no service uses is removed as a whole: the next service fills its own from the log. So erase the log
    first.

    Args:
        folder: of `serving.overlay.place.overlay_folder`.
        value_hashes: of the person's identifiers, of any generation of keys.

    Raises:
        OverlayUnavailableError: the file cannot be opened.
    """
    if not folder.is_dir() or discard(folder):
        return 0
    lock = OpeningLock(folder)
    try:
        overlay = Overlay(open_overlay(folder, _MEGABYTES), shipped_reducer())
        try:
            return overlay.erase(value_hashes)
        finally:
            overlay.close()
    finally:
        lock.release()
