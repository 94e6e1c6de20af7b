"""Erasure in the warehouse, and what the ledger keeps of it: an erase event and an erased identifier, by tombstone."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from intake.ops_store import OpsStore
from intake.project import Project
from intake.tombstones import Tombstone
from orchestration.erasure import duckdb_store
from orchestration.erasure.scope import Scope
from orchestration.pin import fold_operations
from orchestration.refresh.outcomes import note_mates
from orchestration.warehouse import Warehouse, naive_utc

REASON = "erased on request"


def erase(project: Project, scope: Scope) -> int:
    """Take them out of every table; the days that the lake lost rows of are rebuilt by the next run."""
    warehouse = Warehouse(project.paths.warehouse)
    duckdb_store.forget_spilled(warehouse.path)
    if not warehouse.path.exists():
        return 0
    warehouse.prepare()
    fold_operations(OpsStore(project.paths), warehouse)
    with warehouse.connect() as connection:
        note_mates(connection, scope.event_ids, scope.keys)
    stones = OpsStore(project.paths).tombstones()
    return duckdb_store.erase_file(warehouse.path, scope, lambda connection: note_erased(connection, stones))


def note_erased(connection: duckdb.DuckDBPyConnection, stones: Sequence[Tombstone]) -> None:
    """Write erased identifiers and erase events into the ledger, once; under keys that no identifier can have.

    An identifier's key is at least 0, a tombstone's negative: nothing that is ever seen can meet it, or merge by it.
    """
    own = [stone for stone in stones if stone.kind == "person"]
    if not own:
        return
    frame = naive_utc(pd.DataFrame([_identifier(stone) for stone in own]))
    connection.register("erased_frame", frame)
    connection.execute(
        "insert into identity.identifier (identifier_key, type, value_hash, first_seen_at, last_seen_at,"
        " degree_by_type, status, reason)"
        " select identifier_key, type, token, erased_at, erased_at, '{}', 'erased', reason from erased_frame as f"
        " where not exists (select 1 from identity.identifier as i where i.identifier_key = f.identifier_key)"
    ).fetchall()
    connection.execute(
        'insert into identity.identity_event (event_id, "at", type, survivor_id, other_id, cause_edge_key, actor,'
        " reason) select event_id, erased_at, 'erase', null, null, null, 'erasure', reason from erased_frame as f"
        " where not exists (select 1 from identity.identity_event as e where e.event_id = f.event_id)"
    ).fetchall()
    connection.unregister("erased_frame")


def _identifier(stone: Tombstone) -> dict[str, object]:
    return {
        "identifier_key": -int(stone.token[:15], 16) - 1,
        "type": stone.type,
        "token": f"t{stone.token[:12]}",
        "event_id": f"erase-{stone.token[:12]}",
        "erased_at": stone.until_at,
        "reason": REASON,
    }
