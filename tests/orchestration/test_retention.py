"""Retention: what is old goes from each store, what is live or not taken in stays, and defaults keep everything."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.retention import RULES, enforce
from serving.snapshot import pointer
from tests.orchestration.erasure.shop import NOW, shop

LATER = NOW + timedelta(days=400)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop(tmp_path_factory.mktemp("kept")).paths.root.parent


def _project(made: Path, folder: Path, **days: int) -> Project:
    shutil.copytree(made, folder, symlinks=True)
    settings = Settings.model_validate({"retention": days})
    return Project(DataPaths(folder / "data"), folder / "config", settings, FixedClock(LATER))


def _content(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_every_setting_has_its_rule_and_defaults_remove_nothing(made: Path, tmp_path: Path) -> None:
    assert {rule.setting for rule in RULES} == set(type(Settings().retention).model_fields)
    project = _project(made, tmp_path / "shop")
    before = _content(project.paths.root)
    assert [one for one in enforce(project) if one.count] == []
    assert _content(project.paths.root) == before


def test_a_dry_run_counts_what_a_run_removes(made: Path, tmp_path: Path) -> None:
    everything = {name: 30 for name in type(Settings().retention).model_fields if name != "runs_days"}
    project = _project(made, tmp_path / "shop", **everything)
    _make_old(project)
    before = _content(project.paths.root)
    told = {one.store: one.count for one in enforce(project, dry_run=True)}
    assert _content(project.paths.root) == before
    assert {one.store: one.count for one in enforce(project)} == told
    # Of the two exports and four snapshots one is current; the alert stands open; one segment was never taken in.
    assert told == {
        "lake": 3,
        "vault": 5,
        "quarantine": 1,
        "service_log": 1,
        "published": 1,
        "snapshots": 3,
        "replay": 1,
        "models": 1,
        "alerts": 0,
        "data_docs": 1,
    }
    assert all(one.count == 0 for one in enforce(project))


def test_removed_days_of_the_lake_are_rebuilt_and_nothing_live_goes(made: Path, tmp_path: Path) -> None:
    project = _project(made, tmp_path / "shop", lake_days=243, snapshots_days=1, published_days=1)
    live = pointer.current(project.paths.snapshots)
    enforce(project)
    ops = OpsStore(project.paths)
    assert ops.visible_files() == []
    assert not list(project.paths.lake_events.rglob("*.parquet"))
    assert {touch.batch_id for touch in ops.touches()} >= {f"retention-{LATER - timedelta(days=243):%Y%m%d}"}
    assert pointer.current(project.paths.snapshots) == live
    assert (project.paths.snapshots / str(live)).is_dir()
    assert (project.paths.published / "current").resolve().is_dir()


def _make_old(project: Project) -> None:
    root = project.paths.root
    (root / "data_docs/staged/validations").mkdir(parents=True)
    (root / "data_docs/staged/validations/one.html").write_text("old")
    card = root / "models/churn/m1/model.json"
    card.write_text(json.dumps({"trained_at": NOW.isoformat()}))
    for path in root.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (0, 0))
    taken = str(project.paths.service_log / "decisions" / "w1-000001.jsonl")
    with OpsStore(project.paths).transaction() as connection:
        connection.execute("insert into seen_file values ('log', ?, 1, 1, 'h', 'v', 'b')", (taken,))
    (project.paths.service_log / "decisions" / "w2.jsonl").write_text("{}")
