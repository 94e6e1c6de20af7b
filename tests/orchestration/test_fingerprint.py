"""The fingerprint changes with what a run depends on besides data, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.clock import WallClock
from intake.ops_records import BatchRecord, IdentityOverride, LakeFile
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.dbt import fingerprint as dbt_fingerprint
from orchestration.fingerprint import definition_hash, project_fingerprint, remember, remembered

NOON = datetime(2018, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    config = tmp_path / "config"
    config.mkdir()
    (config / "settings.yml").write_text("currency: USD\n")
    return Project(DataPaths(tmp_path / "data"), config, Settings(), WallClock())


def test_the_same_day_and_configuration_are_the_same(project: Project) -> None:
    assert project_fingerprint(project, NOON) == project_fingerprint(project, NOON + timedelta(hours=11))


def test_another_day_or_setting_is_another(project: Project) -> None:
    before = project_fingerprint(project, NOON)
    assert project_fingerprint(project, NOON + timedelta(days=1)) != before
    (project.config / "settings.yml").write_text("currency: EUR\n")
    assert project_fingerprint(project, NOON) != before


def test_a_moved_project_is_the_same_and_a_renamed_file_is_not(project: Project, tmp_path: Path) -> None:
    before = definition_hash(project)
    moved = replace(project, config=project.config.rename(tmp_path / "elsewhere"))
    assert definition_hash(moved) == before
    (moved.config / "settings.yml").rename(moved.config / "other.yml")
    assert definition_hash(moved) != before


def test_a_file_that_arrived_is_another_even_when_an_hourly_run_has_built_its_day(project: Project) -> None:
    before = project_fingerprint(project, NOON)
    moment = NOON - timedelta(days=1)
    file = LakeFile("lake/events/event_date=2018-01-01/a.parquet", "a", moment.date(), "b1", 3, moment, moment, NOON)
    batch = BatchRecord("b1", "a", "1", "a.csv", "h", 3, 3, 0, 0, 0, 3, moment, moment)
    OpsStore(project.paths).record_batch(batch, [file])
    assert project_fingerprint(project, NOON) != before


def test_an_override_is_another(project: Project) -> None:
    before = project_fingerprint(project, NOON)
    OpsStore(project.paths).record_override(IdentityOverride(1, 2, "cannot_link", "ana", "two people", NOON))
    assert project_fingerprint(project, NOON) != before


def test_it_is_remembered_in_the_data_folder(project: Project) -> None:
    assert remembered(project.paths) is None
    remember(project.paths, "abc")
    assert remembered(project.paths) == "abc"


def test_dbt_is_parsed_again_only_for_what_dbt_reads(tmp_path: Path) -> None:
    model = tmp_path / "models" / "a.sql"
    model.parent.mkdir()
    model.write_text("select 1")
    before = dbt_fingerprint(tmp_path)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.yml").write_text("x")
    (tmp_path / "notes.txt").write_text("x")
    assert dbt_fingerprint(tmp_path) == before
    model.write_text("select 2")
    changed = dbt_fingerprint(tmp_path)
    model.rename(model.with_name("b.sql"))
    assert len({before, changed, dbt_fingerprint(tmp_path)}) == 3
