"""Whether a decision is missing from the log because its person was erased."""

from __future__ import annotations

from datetime import datetime

from intake.ops_store import OpsStore
from intake.project import Project
from intake.tombstones import token_of, tombstone_key


def erased_at(project: Project, personalization_id: str) -> datetime | None:
    """When the person of a decision was erased; None when it is missing for another reason."""
    return OpsStore(project.paths).decision_erased_at(token_of(tombstone_key(project.paths), personalization_id))


def why_missing(project: Project, personalization_id: str) -> str:
    """Why a decision is not on record, as half a sentence."""
    at = erased_at(project, personalization_id)
    if at is not None:
        return f"erased: its person was erased on {at:%Y-%m-%d}"
    return "no such decision on record: never made here, or no longer kept"
