"""One rotation: a new key joins the chain, then store after store is rewritten; killed anywhere, it goes on."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from intake.atomic_file import sync
from intake.hashing import MAX_KEYS
from intake.keys import identifier_key_bytes, later_key_file, later_keys
from intake.ops_records import to_text
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.locks import quiet
from orchestration.rekeying import exports, lake, log, operations, vault, warehouse

Rewrite = Callable[[Project, bytes], int]
OnStore = Callable[[str, int], None]
STORES: tuple[tuple[str, Rewrite], ...] = (
    ("lake", lake.rewrite),
    ("vault", vault.rewrite),
    ("service_log", log.rewrite),
    ("ops.sqlite", operations.rewrite),
    ("warehouse.duckdb", warehouse.rewrite),
    ("published", exports.rewrite),
)
"""In this order; each may be repeated, since a hash tells which keys it has seen. Snapshots hold no whole hash."""


class RotationError(RuntimeError):
    """The key cannot be rotated; one line."""


@dataclass(frozen=True)
class Rotation:
    """The number of keys now, whether an interrupted rotation was finished, and rewritten values by store."""

    keys: int
    resumed: bool
    rewritten: dict[str, int]


def rotate(project: Project, on_store: OnStore | None = None) -> Rotation:
    """Add a key and rewrite every store with it, or finish a rotation that was interrupted.

    The lookup service goes on: what it looks up by is the part of a hash that no key changes. Runs and intake wait.

    Raises:
        RotationError: the chain has its full length.
        RunInProgressError: a run or an intake does not end.
    """
    paths, ops = project.paths, OpsStore(project.paths)
    with quiet(paths):
        identifier_key_bytes(paths)
        keys = 1 + len(later_keys(paths))
        resumed = is_unfinished(ops, keys)
        if not resumed:
            if keys == MAX_KEYS:
                raise RotationError(f"{paths.keys}: holds {keys} keys; a chain has at most {MAX_KEYS}")
            keys += 1
            _add_key(project, keys)
        chain = identifier_key_bytes(paths)
        rewritten = {}
        for name, rewrite in STORES:
            rewritten[name] = rewrite(project, chain)
            if on_store:
                on_store(name, rewritten[name])
        _finish(ops, keys, project.clock.now())
    return Rotation(keys, resumed, rewritten)


def is_unfinished(ops: OpsStore, keys: int) -> bool:
    """Whether the newest key has not reached every store."""
    done = ops.rows("select 1 from key_rotation where generation = ? and finished_at is not null", keys)
    return keys > 1 and not done


def _add_key(project: Project, number: int) -> None:
    file = later_key_file(project.paths, number)
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(secrets.token_hex(32).encode())
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)
    sync(file.parent)


def _finish(ops: OpsStore, keys: int, at: datetime) -> None:
    with ops.transaction() as connection:
        connection.execute(
            "insert or replace into key_rotation (generation, finished_at) values (?, ?)", (keys, to_text(at))
        )
