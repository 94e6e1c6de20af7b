"""Retention: what is older than the settings allow goes, store by store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.atomic_file import write_private_table
from intake.clock import WallClock
from intake.lake import HASH_IN_NAME
from intake.ops_records import from_text, to_text
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.export import CURRENT, versions
from orchestration.model_registry import CARD, STATES
from orchestration.replay.keep import let_go
from serving.snapshot import pointer


@dataclass(frozen=True)
class Removed:
    """What one store let go of: how many of what, older than when."""

    store: str
    setting: str
    before: datetime
    count: int
    what: str


@dataclass(frozen=True)
class _Rule:
    store: str
    setting: str
    what: str
    apply: Callable[[Project, datetime, bool], int]


def enforce(project: Project, *, dry_run: bool = False) -> list[Removed]:
    """Apply every setting under `retention`; one entry a setting that is set, with 0 where nothing was old enough.

    Whoever calls it holds the run lock and the intake lock.
    """
    now, settings = project.clock.now(), project.settings.retention
    done = []
    for rule in RULES:
        days = getattr(settings, rule.setting)
        if days is not None:
            before = now - timedelta(days=days)
            done.append(Removed(rule.store, rule.setting, before, rule.apply(project, before, dry_run), rule.what))
    return done


def _lake(project: Project, before: datetime, dry_run: bool) -> int:
    ops = OpsStore(project.paths)
    old = [file for file in ops.visible_files() if file.event_date < before.date()]
    if dry_run or not old:
        return len(old)
    mark = f"retention-{before:%Y%m%d}"
    days = sorted({file.event_date.isoformat() for file in old})
    with ops.transaction() as connection:
        connection.executemany("delete from lake_file where path = ?", [(file.path,) for file in old])
        connection.executemany(
            "insert or replace into touched_day (event_date, batch_id, touched_at, consumed_run_id)"
            " values (?, ?, ?, null)",
            [(day, mark, to_text(project.clock.now())) for day in days],
        )
    for file in old:
        (project.paths.root / file.path).unlink(missing_ok=True)
    return len(old)


def _vault(project: Project, before: datetime, dry_run: bool) -> int:
    gone = 0
    for file in sorted(project.paths.vault.rglob("*.parquet")):
        rows = pq.read_table(file)
        kept = rows.filter(pc.greater_equal(rows.column("received_at"), pa.scalar(before)))
        gone += rows.num_rows - kept.num_rows
        if dry_run or kept.num_rows == rows.num_rows:
            continue
        if kept.num_rows:
            write_private_table(kept, file)
        else:
            file.unlink()
    return gone


def _quarantine(project: Project, before: datetime, dry_run: bool) -> int:
    old = {
        (batch.source, batch.batch_id[:HASH_IN_NAME])
        for batch in OpsStore(project.paths).batches()
        if batch.finished_at < before
    }
    files = [file for file in project.paths.quarantine.rglob("*.parquet") if (file.parent.name, file.stem) in old]
    return _unlink(files, dry_run)


def _service_log(project: Project, before: datetime, dry_run: bool) -> int:
    """Only what was taken in: until then the log is the only copy."""
    taken = {row["path"] for row in OpsStore(project.paths).rows("select path from seen_file")}
    files = [
        file
        for file in project.paths.service_log.rglob("*.jsonl")
        if str(file) in taken and _is_older(file, project, before)
    ]
    return _unlink(files, dry_run)


def _published(project: Project, before: datetime, dry_run: bool) -> int:
    root = project.paths.published
    current = (root / CURRENT).resolve()
    return _remove(
        [item for item in versions(root) if item.resolve() != current and _is_older(item, project, before)], dry_run
    )


def _snapshots(project: Project, before: datetime, dry_run: bool) -> int:
    root = project.paths.snapshots
    live = pointer.current(root)
    old = [one.version for one in pointer.list_versions(root) if datetime.fromisoformat(one.created_at) < before]
    folders = [root / version for version in old if version != live]
    return len(folders) if dry_run else len(let_go(project, folders).removed)


def _replay(project: Project, before: datetime, dry_run: bool) -> int:
    root = project.paths.replay
    old = [one.version for one in pointer.list_versions(root) if datetime.fromisoformat(one.created_at) < before]
    return _remove([root / version for version in old], dry_run)


def _models(project: Project, before: datetime, dry_run: bool) -> int:
    old = []
    for card in project.paths.models.glob(f"*/[!.]*/{CARD}"):
        folder = card.parent
        linked = {(folder.parent / link).resolve() for link in STATES}
        if folder.is_symlink() or folder.resolve() in linked:
            continue
        trained = datetime.fromisoformat(json.loads(card.read_text(encoding="utf-8"))["trained_at"])
        if (trained if trained.tzinfo else trained.replace(tzinfo=UTC)) < before:
            old.append(folder)
    return _remove(old, dry_run)


def _alerts(project: Project, before: datetime, dry_run: bool) -> int:
    ops = OpsStore(project.paths)
    rows = ops.rows("select alert_id, resolved_at from alert where state = 'resolved' and resolved_at is not null")
    old = [(row["alert_id"],) for row in rows if from_text(row["resolved_at"]) < before]
    if old and not dry_run:
        with ops.transaction() as connection:
            for table in ("alert_note", "alert_digest_item", "alert"):
                connection.executemany(f"delete from {table} where alert_id = ?", old)
    return len(old)


def _data_docs(project: Project, before: datetime, dry_run: bool) -> int:
    pages = project.paths.data_docs.glob("*/validations/**/*.html")
    return _unlink([page for page in pages if _is_older(page, project, before)], dry_run)


def _runs(project: Project, before: datetime, dry_run: bool) -> int:
    ops = OpsStore(project.paths)
    rows = ops.rows("select run_id, finished_at from run_summary where finished_at is not null")
    old = [(row["run_id"],) for row in rows if from_text(row["finished_at"]) < before]
    if not dry_run:
        with ops.transaction() as connection:
            connection.executemany("delete from run_summary where run_id = ?", old)
        _forget_dagster_runs(project, before)
    return len(old)


def _forget_dagster_runs(project: Project, before: datetime) -> None:
    if not (project.paths.dagster_home / "history" / "runs.db").exists():
        return
    from dagster import RunsFilter

    from orchestration.instance import UNFINISHED, open_instance

    with open_instance(project.paths, quiet=True) as instance:
        for run in instance.get_runs(RunsFilter(created_before=_by_the_machine(project, before))):
            if run.status not in UNFINISHED:
                instance.delete_run(run.run_id)


def _is_older(path: Path, project: Project, before: datetime) -> bool:
    """Files are stamped by the machine's clock, which a shifted project clock does not follow."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) < _by_the_machine(project, before)


def _by_the_machine(project: Project, before: datetime) -> datetime:
    return WallClock().now() - (project.clock.now() - before)


def _unlink(files: list[Path], dry_run: bool) -> int:
    for file in files if not dry_run else []:
        file.unlink()
    return len(files)


def _remove(folders: list[Path], dry_run: bool) -> int:
    for folder in folders if not dry_run else []:
        shutil.rmtree(folder)
    return len(folders)


RULES = (
    _Rule("lake", "lake_days", "files", _lake),
    _Rule("vault", "vault_days", "rows", _vault),
    _Rule("quarantine", "quarantine_days", "files", _quarantine),
    _Rule("service_log", "service_log_days", "segments", _service_log),
    _Rule("published", "published_days", "versions", _published),
    _Rule("snapshots", "snapshots_days", "versions", _snapshots),
    _Rule("replay", "replay_days", "versions", _replay),
    _Rule("models", "models_days", "versions", _models),
    _Rule("alerts", "alerts_days", "resolved alerts", _alerts),
    _Rule("data_docs", "data_docs_days", "pages", _data_docs),
    _Rule("run history", "runs_days", "runs", _runs),
)
