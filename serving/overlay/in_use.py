"""The overlay of a running service, for who comes from outside of it: erasure, and words noted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.overlay.environment import OpeningLock, discard, open_overlay
from serving.overlay.overlay import Overlay
from serving.session.reducer import shipped_reducer

_FILE = "data.mdb"


def is_in_use(folder: Path) -> bool:
    """Whether a service answers from the overlay; one that nobody uses goes, as it is made again from the log."""
    return (folder / _FILE).exists() and not discard(folder)


@contextmanager
def overlay_in_use(folder: Path) -> Iterator[Overlay | None]:
    """The overlay, joined until the block ends; None where no service is running.

    Raises:
        OverlayUnavailableError: it cannot be opened.
    """
    if not is_in_use(folder):
        yield None
        return
    opening = OpeningLock(folder)
    try:
        overlay = Overlay(open_overlay(folder, 0), shipped_reducer())
    finally:
        opening.release()
    try:
        yield overlay
    finally:
        overlay.close()
