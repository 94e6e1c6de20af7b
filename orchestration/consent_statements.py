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

SOURCE = "consent_statements"
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
) -> None:
    """Take in what a person said, from now on; it is in the lake and in force at the door when this returns.

    Args:
        identifier: type and keyed hash.
        actor: who notes it.
        reason: why, or where it was said.

    Raises:
        StatementError: intake did not accept it.
    """
    now = to_text(project.clock.now())
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
