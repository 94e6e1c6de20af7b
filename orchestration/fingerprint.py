"""Whether anything but the data changed since the last complete run: configuration, code, the day."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from intake.paths import DataPaths, repository_root
from intake.project import Project

CODE = ("dbt_project/models", "dbt_project/macros", "ml", "orchestration")
SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".json", ".csv"}
FILE = "last_run.sha256"


def project_fingerprint(project: Project, as_of: datetime) -> str:
    """Hash over configuration, code and the day of `as_of` (features are windows of whole days)."""
    digest = hashlib.sha256(as_of.date().isoformat().encode())
    for folder in (project.config, *(repository_root() / name for name in CODE)):
        for file in _files(folder):
            digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


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
