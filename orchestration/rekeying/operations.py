"""`ops.sqlite`: words of consent stand by identifier."""

from __future__ import annotations

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.rekeying.values import newest


def rewrite(project: Project, key: bytes) -> int:
    """Update older hashes in one transaction; values that changed."""
    with OpsStore(project.paths).transaction() as connection:
        known = [row[0] for row in connection.execute("select distinct identifier from consent")]
        changes = newest(key, known)
        # The same word may stand under both hashes when a worker with the older key wrote it again.
        connection.executemany(
            "update or replace consent set identifier = ? where identifier = ?",
            [(new, old) for old, new in sorted(changes.items())],
        )
    return len(changes)
