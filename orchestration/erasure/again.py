"""Erasures that a restored backup does not know of: tombstones are taken over, and the people erased again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection

import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.hashing import HASH_PATTERN
from intake.keys import identifier_key_bytes, quarantine_cipher
from intake.mentions import Mentions
from intake.ops_erasure import ErasureRequest
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.sealed import unsealer
from intake.tombstones import Tombstone, token_of, tombstone_key
from intake.values import flat
from orchestration.erasure import log_store, quarantine_store
from orchestration.erasure.passing import OnStep, finish, survey
from orchestration.erasure.proof import Proof
from orchestration.erasure.resolve import Given, resolve
from orchestration.erasure.scope import Scope, seal
from orchestration.warehouse import Warehouse

_KEY = "erasure.key"
_HASH = re.compile(HASH_PATTERN.strip("^$").encode())


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
    key, own = tombstone_key(project.paths), {stone.token: stone.type for stone in stones if stone.kind == "person"}
    found = {name: kind for name in _hashes(project, own.keys(), key) if (kind := own.get(token_of(key, name)))}
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


def _hashes(project: Project, own: Collection[str], key: bytes) -> set[str]:
    """Every identifier of ledger, lake, consent and the service's log; of what lies encrypted, only theirs."""
    warehouse = Warehouse(project.paths.warehouse)
    found: set[str] = set()
    if warehouse.has_table("identity.identifier"):
        rows = warehouse.rows("select value_hash from identity.identifier where identifier_key >= 0")
        found |= {str(name) for (name,) in rows}
    ops = OpsStore(project.paths)
    for file in ops.visible_files():
        rows_read = pq.read_table(project.paths.root / file.path, columns=["identifiers"], partitioning=None)
        pairs = pc.list_flatten(flat(rows_read.column("identifiers")))
        found |= set(pc.unique(pc.struct_field(pairs, "value")).to_pylist())
    found |= {str(row["identifier"]) for row in ops.rows("select distinct identifier from consent")}
    for segment in log_store.files(project):
        found |= {name.decode() for name in _HASH.findall(segment.read_bytes())}
    return found | _set_aside(project, lambda name: token_of(key, name) in own)


def _set_aside(project: Project, is_theirs: Callable[[str], bool]) -> set[str]:
    """Identifiers that are meant, in clear in rows of the quarantine and in what the log has under seal.

    Args:
        project: the restored one.
        is_theirs: whether a hash is one of those looked for.
    """
    found: set[str] = set()

    def noted(value_hash: str) -> bool:
        is_meant = is_theirs(value_hash)
        found.update([value_hash] if is_meant else [])
        return is_meant

    region = project.settings.intake.default_region
    mentions, cipher = Mentions(identifier_key_bytes(project.paths), region, noted), quarantine_cipher(project.paths)
    for file in quarantine_store.files(project):
        fields = quarantine_store.fields_of(project, file.parent.name)
        for original in pq.read_table(file).column(quarantine_store.ORIGINAL).to_pylist():
            mentions.all_inside(cipher.decrypt(original), fields)
    unseal = unsealer(project.paths)
    for segment in log_store.files(project):
        for line in log_store.lines(segment):
            under_seal = log_store.under_seal(line.content, unseal)
            if under_seal is not None:
                mentions.all_inside(under_seal)
    return found
