"""A small project with its own folders, a clock that stands still, and contracts made on the spot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from intake.clock import FixedClock
from intake.contract import SourceContract
from intake.event import EVENT_SCHEMA
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings

NOW = datetime(2018, 1, 2, tzinfo=UTC)
KEY = "a key for tests, long enough"


def make_project(folder: Path, now: datetime = NOW) -> Project:
    config = folder / "config"
    (config / "sources").mkdir(parents=True, exist_ok=True)
    shutil.copy(repository_root() / "config" / "event_types.yml", config)
    return Project(DataPaths(folder / "data"), config, Settings(), FixedClock(now))


def contract(**changes: Any) -> SourceContract:
    """Clicks with an event id, a time, a product and a login; changed as the test needs."""
    base: dict[str, Any] = {
        "name": "clicks",
        "kind": "web",
        "format": "jsonl",
        "event_type": {"column": "type"},
        "event_id": "id",
        "columns": {"occurred_at": "at", "product_id": "product"},
        "identifiers": [{"type": "login", "column": "login"}],
    }
    return SourceContract.model_validate({**base, **changes})


def click(event_id: str, **changes: Any) -> dict[str, Any]:
    base = {"id": event_id, "type": "product_viewed", "at": "2017-05-01T10:00:00Z", "product": "p1", "login": "ann"}
    return {**base, **changes}


def write_jsonl(file: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def lake_rows(project: Project) -> list[dict[str, Any]]:
    """What the visible files hold, ordered by event id, without the bookkeeping column."""
    files = OpsStore(project.paths).visible_files()
    tables = [pq.read_table(project.paths.root / file.path, partitioning=None) for file in files]
    if not tables:
        return []
    assert all(table.schema.equals(EVENT_SCHEMA) for table in tables)
    rows: list[dict[str, Any]] = pa.concat_tables(tables).drop_columns(["loaded_at"]).to_pylist()
    return sorted(rows, key=lambda row: (row["event_id"], row["source"]))
