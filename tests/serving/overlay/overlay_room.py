"""Overlays in a folder of their own, and events to put into them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving.overlay.arrival import Arrival, Pair
from serving.overlay.environment import OpeningLock, open_overlay
from serving.overlay.overlay import Overlay
from serving.session.reducer import SessionReducer, State, shipped_reducer

SECOND = 1_000_000
NOW = 1_514_900_000 * SECOND
COOKIE: Pair = ("cookie", "c" * 32)
LOGIN: Pair = ("login", "a" * 32)


@contextmanager
def overlay_in(folder: Path, megabytes: int = 16, reducer: SessionReducer | None = None) -> Iterator[Overlay]:
    """One worker's overlay."""
    folder.mkdir(exist_ok=True)
    lock = OpeningLock(folder)
    overlay = Overlay(open_overlay(folder, megabytes), reducer or shipped_reducer())
    lock.release()
    try:
        yield overlay
    finally:
        overlay.close()


def seen(event_id: str, *pairs: Pair, at: int = NOW, kind: str = "page_viewed", **more: Any) -> Arrival:
    """One event."""
    trusted = more.pop("is_trusted", False)
    return Arrival(event_id, at, pairs, {"event_type": kind, "event_id": event_id, **more}, trusted)


def nobody(_: Pair) -> None:
    """No identifier belongs to a customer."""
    return


def views(overlay: Overlay, *pairs: Pair, customer: str | None = None, at: int = NOW) -> int | None:
    """Pages of the visit that these identifiers lead to."""
    state: State | None = overlay.sessions(pairs, customer, at)
    return None if state is None else int(overlay.reducer.read(state, at)["page_views"])
