"""Erasure in the live overlay: what the service remembers of sessions under way."""

from __future__ import annotations

from intake.project import Project
from orchestration.erasure.scope import Scope
from serving.overlay import in_use
from serving.overlay.place import folder_in_use


def erase(project: Project, scope: Scope) -> int:
    """Entries that went. An overlay that no service uses goes as a whole: it is made again from the log."""
    with in_use.overlay_in_use(folder_in_use(project.paths.root)) as overlay:
        return 0 if overlay is None else overlay.erase(frozenset(scope.hashes))


def is_in_use(project: Project) -> bool:
    """Whether a service answers from this data folder."""
    return in_use.is_in_use(folder_in_use(project.paths.root))
