"""Erasures that a restored backup does not know of: tombstones are taken over, and the people erased again."""

from __future__ import annotations

import shutil

import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.event import IDENTIFIER_TYPES
from intake.ops_erasure import ErasureRequest
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.tombstones import Tombstone, token_of, tombstone_key
from intake.values import flat
from orchestration.erasure.passing import OnStep, finish, survey
from orchestration.erasure.proof import Proof
from orchestration.erasure.resolve import Given, resolve
from orchestration.erasure.scope import Scope, seal
from orchestration.warehouse import Warehouse

_KEY = "erasure.key"


class TombstonesDifferError(ValueError):
    """The two data folders have tombstones under different keys."""


def erase_again(project: Project, memory: DataPaths, on_step: OnStep | None = None) -> list[Proof]:
    """Erase in `project` whoever the data folder `memory` says was erased and `project` does not.

    Raises:
        TombstonesDifferError: tombstones were made under another key, so nobody can be recognised by them.
        ErasureNotProvedError: the scan still found something.
    """
    theirs = OpsStore(memory).tombstones() if memory.ops_db.exists() else []
    if not theirs:
        return []
    _take_over_key(project.paths, memory)
    ops = OpsStore(project.paths)
    known = {stone.request_id for stone in ops.tombstones()}
    requests = [one for one in OpsStore(memory).erasures() if one.request_id not in known]
    for request in requests:
        _begin_again(project, request, [stone for stone in theirs if stone.request_id == request.request_id])
    return finish(project, on_step) if requests else []


def _take_over_key(paths: DataPaths, memory: DataPaths) -> None:
    source, target = memory.keys / _KEY, paths.keys / _KEY
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy2(source, target)
    elif target.read_bytes() != source.read_bytes():
        raise TombstonesDifferError(f"{target}: is not the key of the tombstones in {memory.ops_db}")


def _begin_again(project: Project, request: ErasureRequest, stones: list[Tombstone]) -> None:
    """Whom the tombstones mean is found by trying every identifier that the restored data hold."""
    key, own = tombstone_key(project.paths), {stone.token for stone in stones if stone.kind == "person"}
    found = {name: kind for name, kind in _identifiers(project).items() if token_of(key, name) in own}
    scope = Scope(request.request_id, request.requested_at, request.people)
    if found:
        resolve(project, [Given(kind, "", value_hash) for value_hash, kind in sorted(found.items())], scope)
    scope.clear.clear()
    scope.people = request.people
    scope.notes.append("erased again after a restore")
    survey(project, scope)
    seal(project.paths, scope)
    OpsStore(project.paths).open_erasure(
        ErasureRequest(request.request_id, request.requested_at, request.actor, request.people), stones
    )


def _identifiers(project: Project) -> dict[str, str]:
    """Every identifier of the ledger and the lake, hash → type."""
    warehouse = Warehouse(project.paths.warehouse)
    found: dict[str, str] = {}
    if warehouse.has_table("identity.identifier"):
        rows = warehouse.rows("select value_hash, type from identity.identifier where identifier_key >= 0")
        found = {str(name): str(kind) for name, kind in rows}
    for file in OpsStore(project.paths).visible_files():
        rows_read = pq.read_table(project.paths.root / file.path, columns=["identifiers"], partitioning=None)
        pairs = pc.list_flatten(flat(rows_read.column("identifiers")))
        values, types = (pc.struct_field(pairs, name).to_pylist() for name in ("value", "type"))
        found |= {value: kind for value, kind in zip(values, types, strict=True) if kind in IDENTIFIER_TYPES}
    return found
