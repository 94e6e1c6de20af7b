"""Erasure in the live overlay: what the service remembers of sessions under way."""

from __future__ import annotations

from intake.project import Project
from orchestration.erasure.scope import Scope
from serving.overlay.environment import OpeningLock, discard, open_overlay
from serving.overlay.overlay import Overlay
from serving.overlay.place import overlay_folder
from serving.session.reducer import shipped_reducer

_FILE = "data.mdb"


def erase(project: Project, scope: Scope) -> int:
    """Entries that went. An overlay that no service uses goes as a whole: it is made again from the log."""
    folder = overlay_folder(project.paths.root)
    if not (folder / _FILE).exists() or discard(folder):
        return 0
    opening = OpeningLock(folder)
    try:
        overlay = Overlay(open_overlay(folder, 0), shipped_reducer())
    finally:
        opening.release()
    try:
        return overlay.erase(frozenset(scope.hashes))
    finally:
        overlay.close()


def is_in_use(project: Project) -> bool:
    """Whether a service answers from this data folder."""
    folder = overlay_folder(project.paths.root)
    return (folder / _FILE).exists() and not discard(folder)
