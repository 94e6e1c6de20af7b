"""What is held about a person: every store looked through, with what the fields mean and why they are there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from intake.contract import ContractError, load_contracts
from intake.keys import quarantine_cipher
from intake.ops_erasure import SubjectAccess
from intake.ops_store import OpsStore
from intake.paths import repository_root
from intake.project import Project
from intake.tombstones import token_of, tombstone_key
from orchestration.erasure import duckdb_store, log_store, quarantine_store, vault_store
from orchestration.erasure.matching import Matcher, mentions_of
from orchestration.erasure.passing import survey
from orchestration.erasure.resolve import given_identifiers, resolve
from orchestration.erasure.scope import Scope
from orchestration.erasure.stores import STORES
from orchestration.export import CURRENT
from orchestration.export_contents import DATABASE
from orchestration.locks import quiet
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader

RECIPIENTS = (
    "people and tools that read the published tables of this data folder",
    "clients of the lookup service: segment, scores, recommendations and decisions, never the identifiers",
    "nobody else: this program sends nothing anywhere",
)
Rows = list[dict[str, Any]]


def held_about(project: Project, pairs: Sequence[tuple[str, str]], actor: str) -> dict[str, Any]:
    """Everything, by store; noted in the record of accesses.

    Raises:
        NobodyNamedError: a value that can be no identifier.
        RunInProgressError: a run or an intake does not end.
    """
    now = project.clock.now()
    given = given_identifiers(project, pairs)
    with quiet(project.paths):
        scope = resolve(project, given, Scope("access", now, len(given)))
        # What an erasure would find: what came since the last run, exposures that name a decision alone.
        survey(project, scope)
        stores = {name: rows for name, rows in _stores(project, scope) if rows}
    key = tombstone_key(project.paths)
    for one in given:
        counts = {name: len(rows) for name, rows in stores.items()}
        OpsStore(project.paths).record_access(
            SubjectAccess(now, actor, token_of(key, one.value_hash), {"rows": counts})
        )
    return {
        "made_at": now.isoformat(timespec="seconds"),
        "identifiers": [{"type": kind, "hash": value_hash} for value_hash, kind in sorted(scope.hashes.items())],
        "customer_ids": sorted(scope.customer_ids),
        "notes": scope.notes,
        "held": stores,
        "meaning": _meanings(stores),
        "sources": _sources(project),
        "kept": _kept(project),
        "recipients": list(RECIPIENTS),
    }


def _stores(project: Project, scope: Scope) -> Iterator[tuple[str, Rows]]:
    yield "events (lake)", list(_events(project, scope))
    yield "in clear (vault)", list(_vault(project, scope))
    yield "rows set aside (quarantine)", list(_quarantine(project, scope))
    yield "service log", list(_log(project, scope))
    for name, rows in _operations(project, scope):
        yield f"operations: {name}", rows
    for name, rows in _published(project, scope):
        yield name, rows
    yield "live profile (snapshot)", list(_profile(project, scope))


def _events(project: Project, scope: Scope) -> Iterator[dict[str, Any]]:
    erased = scope.erased(project.paths)
    for file in OpsStore(project.paths).visible_files():
        path = project.paths.root / file.path
        rows = pq.read_table(path, partitioning=None)
        verdict = erased.verdict(rows)
        if verdict is not None:
            theirs = rows.filter(pa.array(verdict.theirs))
            scope.event_ids |= set(theirs.column("event_id").to_pylist())
            yield from map(_given, theirs.to_pylist())


def _vault(project: Project, scope: Scope) -> Iterator[dict[str, Any]]:
    for file in vault_store.files(project):
        rows = pq.read_table(file)
        yield from map(_given, rows.filter(pa.array(vault_store.theirs(rows, scope))).to_pylist())


def _quarantine(project: Project, scope: Scope) -> Iterator[dict[str, Any]]:
    cipher, mentions = quarantine_cipher(project.paths), mentions_of(project, scope)
    for file in quarantine_store.files(project):
        fields = quarantine_store.fields_of(project, file.parent.name)
        for row in pq.read_table(file).to_pylist():
            original = cipher.decrypt(row["original"])
            if mentions.inside(original, fields):
                said = original.decode("utf-8", errors="replace")
                yield {"source": file.parent.name, "reason": row["reason"], "original": said}


def _log(project: Project, scope: Scope) -> Iterator[dict[str, Any]]:
    reader = log_store.LineReader(project, scope)
    for file in log_store.files(project):
        for line in log_store.lines(file):
            said = reader.said(line.content)
            if said is not None and reader.is_theirs(said):
                yield {"log": file.parent.name, **said}


def _operations(project: Project, scope: Scope) -> Iterator[tuple[str, Rows]]:
    matcher, keys = Matcher(scope), scope.keys
    with closing(sqlite3.connect(f"file:{project.paths.ops_db}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        for (table,) in connection.execute("select name from sqlite_master where type = 'table' order by 1").fetchall():
            rows = [dict(row) for row in connection.execute(f'select * from "{table}"')]
            yield table, [row for row in rows if any(_names(value, matcher, keys) for value in row.values())]


def _names(value: object, matcher: Matcher, keys: set[int]) -> bool:
    return value in keys if isinstance(value, int) else isinstance(value, str) and matcher.in_text(value)


def _published(project: Project, scope: Scope) -> Iterator[tuple[str, Rows]]:
    file = project.paths.published / CURRENT / DATABASE
    if not file.exists():
        return
    with closing(duckdb.connect(str(file), read_only=True)) as connection:
        names = duckdb_store.Names(scope)
        for address in duckdb_store.base_tables(connection):
            table = f'"{address[0]}"."{address[1]}"'
            columns = duckdb_store.columns_of(connection, address)
            numbers = {row for _, row in duckdb_store.mentions(connection, table, columns, "rowid", names)}
            if numbers:
                connection.register("their_rows", pa.table({"row": sorted(numbers)}))
                found = connection.execute(f"select * from {table} where rowid in (select row from their_rows)")
                described = [item[0] for item in found.description or ()]
                rows = [_given(dict(zip(described, row, strict=True))) for row in found.fetchall()]
                yield ".".join(address), rows


def _profile(project: Project, scope: Scope) -> Iterator[dict[str, Any]]:
    live = pointer.current(project.paths.snapshots)
    if live is None or not (project.paths.snapshots / live).is_dir():
        return
    with SnapshotReader(project.paths.snapshots / live) as reader:
        for customer in sorted(scope.customer_ids):
            profile = reader.profile(customer)
            if profile is not None:
                yield {field: getattr(profile, field) for field in profile.__struct_fields__}


def _given(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _meanings(stores: dict[str, Rows]) -> dict[str, dict[str, str]]:
    """By published table, what its columns mean, as the models' own pages say."""
    meanings: dict[str, dict[str, str]] = {}
    for file in sorted((repository_root() / "dbt_project" / "models").rglob("*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        for model in content.get("models", []):
            columns = {c["name"]: " ".join(str(c.get("description", "")).split()) for c in model.get("columns", [])}
            meanings[f"marts.{model['name']}"] = {name: said for name, said in columns.items() if said}
    return {name: meanings[name] for name in stores if name in meanings}


def _sources(project: Project) -> Rows:
    """Where data come from, for which purpose, and what of it is personal."""
    try:
        contracts = load_contracts(project.sources)
    except ContractError:
        return []
    return [
        {
            "source": name,
            "description": contract.description,
            "purpose": contract.consent,
            "personal_data": list(contract.personal_columns),
        }
        for name, contract in sorted(contracts.items())
    ]


def _kept(project: Project) -> Rows:
    days = project.settings.retention.model_dump()
    return [
        {"store": store.name, "kind": store.kind, "kept": _days(days.get(store.retention or ""), store.kept)}
        for store in STORES
        if store.found
    ]


def _days(days: int | None, otherwise: str) -> str:
    return otherwise if days is None else f"{days} days"


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(0o600)
    file.write_text(text, encoding="utf-8")
