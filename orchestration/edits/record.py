"""Writes down, with each version that goes live, what people changed since the version before."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from intake.ops_edits import ConfigEdit
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.edits.affected import Affected, affected
from orchestration.edits.author import author_of
from orchestration.edits.changes import changes_between
from orchestration.edits.spoken import Spoken, spoken
from serving.snapshot.records import SnapshotError

_LOG = logging.getLogger(__name__)


def record_edits(project: Project, before: str | None, version: str, publisher: str, at: datetime) -> list[ConfigEdit]:
    """Compare two versions on disk, count people, and write down each file that differs.

    Nothing is written for the first version, and where the one before cannot be read any more.
    """
    root = project.paths.snapshots
    old, new = _spoken(root, before), _spoken(root, version)
    if before is None or old is None or new is None:
        return []
    found = changes_between(old.content, new.content)
    if not found:
        return []
    counted = affected((root / version).resolve(), old, frozenset().union(*(one.placements for one in found)), at)
    edits = [
        ConfigEdit(
            at=at, version=version, before=before, file=change.file, what=change.what, fields=change.fields,
            author=author_of(project.config / change.file, publisher), published_by=publisher,
            **_people(counted, change.placements),
        )
        for change in found
    ]  # fmt: skip
    OpsStore(project.paths).record_edits(edits)
    return edits


def _people(counted: Affected, placements: frozenset[str]) -> dict[str, int]:
    return {"affected": counted.people_of(placements), "asked": counted.asked, "people": counted.people}


def _spoken(root: Path, version: str | None) -> Spoken | None:
    """What a version says; None where this program cannot read it, which must not undo what is live already."""
    if version is None:
        return None
    try:
        return spoken((root / version).resolve())
    except (SnapshotError, ValidationError) as error:
        _LOG.warning("what was edited since %s is not known: %s", version, error)
        return None
