"""Erasure in the lake: files that hold the person's events are written again and swapped in one transaction."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.atomic_file import publish
from intake.erased import ErasedIdentifiers, Verdict
from intake.event import HINT_TYPES
from intake.lake import drafts, sweep_drafts
from intake.mentions import STATED, WRITTEN, each_text
from intake.ops_records import LakeFile, to_text
from intake.ops_store import OpsStore
from intake.project import Project
from intake.values import flat, mask_of
from orchestration.erasure.matching import Matcher
from orchestration.erasure.scope import Scope

_READ = ["event_id", "event_type", "occurred_at", "identifiers", "personalization_id"]


def survey(project: Project, scope: Scope) -> list[str]:
    """Find their events; widen the scope by their ids and by identifiers seen with nobody else. Paths concerned."""
    erased, touched = scope.erased(project.paths), []
    companions: dict[str, str] = {}
    files = [file.path for file in OpsStore(project.paths).visible_files()]
    for path in files:
        table = _read(project.paths.root / path, _READ)
        verdict = erased.verdict(table)
        if verdict is None:
            continue
        touched.append(path)
        theirs = table.filter(pa.array(verdict.theirs))
        for name in ("event_id", "personalization_id"):
            scope.event_ids |= set(pc.drop_null(flat(theirs.column(name))).to_pylist())
        companions |= _identifiers(theirs)
    for value, kind in _only_theirs(project, scope, erased, companions, files).items():
        scope.add(value, kind)
    return touched


def erase(project: Project, scope: Scope) -> int:
    """Rewrite the files concerned without them; rows that went. Doing it again changes nothing."""
    ops, erased, matcher = OpsStore(project.paths), scope.erased(project.paths), Matcher(scope)
    retired: list[LakeFile] = []
    added: list[LakeFile] = []
    moves: list[tuple[Path, Path]] = []
    gone = 0
    sweep_drafts(project.paths)
    for file in ops.visible_files():
        verdict = erased.verdict(_read(project.paths.root / file.path, _READ))
        if verdict is None and file.path not in scope.mentioning:
            continue
        kept, lost = _kept(project.paths.root / file.path, erased, verdict)
        kept = _without_words(kept, matcher) if file.path in scope.mentioning else kept
        retired.append(file)
        gone += lost
        if kept.num_rows:
            record = _renamed(file, kept, scope.request_id)
            draft = drafts(project.paths) / f"{len(moves)}.parquet"
            draft.parent.mkdir(parents=True, exist_ok=True)
            _write(kept, draft)
            moves.append((draft, project.paths.root / record.path))
            added.append(record)
    publish(moves)
    _swap(ops, scope, retired, added)
    _sweep(project, ops)
    return gone


def _read(file: Path, columns: list[str] | None = None) -> pa.Table:
    return pq.read_table(file, columns=columns, partitioning=None)


def _write(rows: pa.Table, file: Path) -> None:
    pq.write_table(rows, file, compression="lz4", use_dictionary=False)


def _kept(file: Path, erased: ErasedIdentifiers, verdict: Verdict | None) -> tuple[pa.Table, int]:
    """The file's rows that stay, orders without anybody behind them; and how many went."""
    if verdict is None:
        return _read(file), 0
    goes = verdict.theirs & ~verdict.bookkeeping
    rows = erased.settle(_read(file), verdict)
    return rows.filter(pa.array(~goes)), int(goes.sum())


def _without_words(rows: pa.Table, matcher: Matcher) -> pa.Table:
    """What others wrote, without the identifiers in clear in it."""
    for name in WRITTEN:
        rows = each_text(rows, name, matcher.cleaned)
    for name in STATED:
        rows = each_text(rows, name, lambda value: None if matcher.in_text(value) else value)
    return rows


def _renamed(file: LakeFile, rows: pa.Table, request_id: str) -> LakeFile:
    path = Path(file.path)
    stem = path.stem.partition("-erased-")[0]
    name = f"{stem}-erased-{request_id[-12:]}.parquet"
    received = pc.min_max(rows.column("received_at"))
    return replace(
        file,
        path=path.with_name(name).as_posix(),
        rows=rows.num_rows,
        min_received_at=received["min"].as_py(),
        max_received_at=received["max"].as_py(),
    )


def _swap(ops: OpsStore, scope: Scope, retired: list[LakeFile], added: list[LakeFile]) -> None:
    """Old files out, new ones in, their days touched: one transaction, so a run sees either all of it or nothing."""
    if not retired:
        return
    days = sorted({file.event_date.isoformat() for file in retired})
    mark = f"erasure-{scope.request_id}"
    with ops.transaction() as connection:
        connection.executemany("delete from lake_file where path = ?", [(file.path,) for file in retired])
        connection.executemany(
            "insert or replace into lake_file (path, source, event_date, batch_id, rows, min_received_at,"
            " max_received_at, loaded_at, state) values (?, ?, ?, ?, ?, ?, ?, ?, 'visible')",
            [_row(file) for file in added],
        )
        connection.executemany(
            "insert or replace into touched_day (event_date, batch_id, touched_at, consumed_run_id)"
            " values (?, ?, ?, null)",
            [(day, mark, to_text(scope.at)) for day in days],
        )


def _row(file: LakeFile) -> tuple[object, ...]:
    times = (to_text(file.min_received_at), to_text(file.max_received_at), to_text(file.loaded_at))
    return (file.path, file.source, file.event_date.isoformat(), file.batch_id, file.rows, *times)


def _sweep(project: Project, ops: OpsStore) -> None:
    """Remove what no batch lists: what was just retired, and what a killed intake left (its batch is not recorded)."""
    listed = {project.paths.root / file.path for file in ops.visible_files()}
    for file in project.paths.lake_events.rglob("*.parquet"):
        if file not in listed:
            file.unlink()
    with ops.transaction() as connection:
        connection.execute("delete from lake_file where state = 'retired'")
    shutil.rmtree(drafts(project.paths), ignore_errors=True)


def _identifiers(rows: pa.Table) -> dict[str, str]:
    pairs = pc.list_flatten(flat(rows.column("identifiers")))
    return dict(
        zip(pc.struct_field(pairs, "value").to_pylist(), pc.struct_field(pairs, "type").to_pylist(), strict=True)
    )


def _only_theirs(
    project: Project, scope: Scope, erased: ErasedIdentifiers, companions: dict[str, str], files: list[str]
) -> dict[str, str]:
    """Identifiers seen beside theirs and in no event that stays: they lead to nobody else."""
    open_ones = {value: kind for value, kind in companions.items() if value not in scope.hashes}
    for path in files:
        if not open_ones:
            break
        table = _read(project.paths.root / path, _READ)
        pairs = pc.list_flatten(flat(table.column("identifiers")))
        wanted = pa.array(list(open_ones), pa.string())
        if not mask_of(pc.is_in(pc.struct_field(pairs, "value"), value_set=wanted)).any():
            continue
        verdict = erased.verdict(table)
        staying = table if verdict is None else table.filter(pa.array(~verdict.theirs))
        for value in _identifiers(staying):
            open_ones.pop(value, None)
    held = {held.value_hash for held in scope.spells}
    return {value: kind for value, kind in open_ones.items() if value not in held or kind in HINT_TYPES}
