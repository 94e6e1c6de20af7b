"""Erasure in the live overlay: what the service remembers of sessions under way."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from intake.project import Project
from orchestration.erasure.scope import Scope

MODULE = "serving.overlay.erasure"


def erase(project: Project, scope: Scope) -> int:
    """Entries that went; none where the service has no overlay."""
    if find_spec("serving.overlay") is None or find_spec(MODULE) is None:
        return 0
    identifiers = [(kind, value_hash) for value_hash, kind in sorted(scope.hashes.items())]
    return int(import_module(MODULE).erase(project.paths, identifiers))
