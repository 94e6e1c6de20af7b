"""Whether anything changed since the last complete run: configuration, code, the day, the lake, overrides."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project

CODE = ("dbt_project/models", "dbt_project/macros", "ml", "orchestration")
SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".json", ".csv"}
FILE = "last_run.sha256"


def definition_hash(project: Project) -> str:
    """Hash over configuration and code, wherever they lie: what a customer's rows would come out differently for."""
    digest = hashlib.sha256()
    folders = {"config": project.config, **{name: repository_root() / name for name in CODE}}
    for name, folder in folders.items():
        for file in _files(folder):
            digest.update(f"{name}/{file.relative_to(folder).as_posix()}".encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def project_fingerprint(project: Project, as_of: datetime) -> str:
    """Hash over configuration, code, the day of `as_of` (features are windows of whole days) and what the run reads.

    The lake counts although touched days are noted elsewhere: an hourly run consumes the note and leaves everything
    behind the daily tables as it was.
    """
    digest = hashlib.sha256(as_of.date().isoformat().encode())
    for line in _inputs(OpsStore(project.paths)):
        digest.update(line.encode() + b"\0")
    digest.update(definition_hash(project).encode())
    return digest.hexdigest()


def _inputs(ops: OpsStore) -> list[str]:
    lake = [file.path for file in ops.visible_files()]
    return lake + [f"{item.kind}:{item.a_key}:{item.b_key}" for item in ops.overrides()]


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix in SUFFIXES and file.is_file())


def remembered(paths: DataPaths) -> str | None:
    """The fingerprint of the last run that went through."""
    file = paths.dagster_home / FILE
    return file.read_text() if file.exists() else None


def remember(paths: DataPaths, fingerprint: str) -> None:
    """Keep it for the next run."""
    paths.dagster_home.mkdir(parents=True, exist_ok=True)
    (paths.dagster_home / FILE).write_text(fingerprint)
