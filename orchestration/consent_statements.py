"""Consent noted by hand: one event through the same door as every source's, so that it lasts and is seen by all."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from intake.contract import SourceContract
from intake.ingest import ingest
from intake.ops_records import to_text
from intake.project import Project
from serving.overlay.arrival import Arrival
from serving.overlay.by_hand import SOURCE, tell, word_by_hand
from serving.overlay.environment import OverlayUnavailableError
from serving.overlay.overlay import OverlayFullError
from serving.overlay.place import folder_in_use
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import SnapshotError

CONTRACT = SourceContract.model_validate(
    {
        "name": SOURCE,
        "kind": "consent",
        "format": "jsonl",
        "arrival": {"column": "received_at"},
        "event_type": "consent_updated",
        "event_id": "event_id",
        "columns": {"occurred_at": "occurred_at"},
        "identifiers": [{"column": "identifiers", "hashed": True}],
        "properties": ["purpose", "granted", "actor", "reason"],
    }
)


class StatementError(RuntimeError):
    """A word on consent could not be taken in; the message says why."""


def state_consent(
    project: Project, identifier: tuple[str, str], purpose: str, *, granted: bool, actor: str, reason: str
) -> bool:
    """Take in what a person said, from now on; it is in the lake and in force at the door when this returns.

    A running service goes by it at once, all its workers; whether there is one that could be told.

    Args:
        identifier: type and keyed hash.
        actor: who notes it.
        reason: why, or where it was said.

    Raises:
        StatementError: intake did not accept it.
    """
    at = project.clock.now()
    now = to_text(at)
    said = {"purpose": purpose, "granted": granted, "actor": actor, "reason": reason}
    row = {
        "event_id": hashlib.blake2b(f"{identifier}{said}{now}".encode(), digest_size=16).hexdigest(),
        "occurred_at": now,
        "received_at": now,
        "identifiers": [dict(zip(("type", "value"), identifier, strict=True))],
        **said,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "statement.jsonl"
        file.write_text(json.dumps(row) + "\n", encoding="utf-8")
        report = ingest(project, CONTRACT, [file]).files[0]
    if report.accepted != 1:
        raise StatementError(f"consent was not taken in: {report.message or report.reasons or report.state}")
    return _told(project, word_by_hand(identifier, purpose, granted=granted, at=at))


def _told(project: Project, word: Arrival) -> bool:
    live = pointer.current(project.paths.snapshots)
    try:
        folder = folder_in_use(project.paths.root)
        if live is None:
            return tell(folder, word, lambda _: None)
        with SnapshotReader(project.paths.snapshots / live) as reader:
            return tell(folder, word, lambda pair: reader.customer_id(*pair))
    except (OverlayFullError, OverlayUnavailableError, SnapshotError, PermissionError):
        return False
