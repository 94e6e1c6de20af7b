"""`concierge backup`, `restore` and `migrate` as a person uses them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from intake.ops_database import SCHEMA_VERSION
from intake.ops_store import OpsStore
from intake.project import Project

Concierge = Callable[..., Result]


@pytest.fixture
def archive(project: Project, tmp_path: Path, concierge: Concierge, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CONCIERGE_KEY", raising=False)
    concierge("pause", "all", "--reason", "fire drill")
    return tmp_path / "shop.tar.zst"


def test_a_backup_says_what_it_holds(concierge: Concierge, archive: Path) -> None:
    said = concierge("backup", archive).stdout
    assert "keys and personal data in clear" in said
    assert "CONCIERGE_KEY" not in said
    again = concierge("backup", archive)
    assert again.exit_code == 1
    assert "never written over" in again.stderr


def test_a_key_of_the_environment_is_not_in_it(
    concierge: Concierge, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCIERGE_KEY", "a key of the environment")
    assert "it does not hold the key of the identifier hashes" in concierge("backup", archive).stdout


def test_a_restored_project_is_used_as_the_command_says(
    concierge: Concierge, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    concierge("backup", archive)
    said = concierge("restore", archive, tmp_path / "back").stdout
    assert f"cd {tmp_path / 'back'}" in said
    monkeypatch.chdir(tmp_path / "back")
    monkeypatch.delenv("CONCIERGE_DATA")
    monkeypatch.delenv("CONCIERGE_CONFIG")
    assert concierge("migrate").stdout.startswith("nothing to do: schema version")
    assert "all (fire drill)" in concierge("status").stdout


def test_an_archive_that_is_cut_off_is_one_line(concierge: Concierge, archive: Path, tmp_path: Path) -> None:
    concierge("backup", archive)
    archive.write_bytes(archive.read_bytes()[:-40])
    result = concierge("restore", archive, tmp_path / "back")
    assert result.exit_code == 1
    assert "is cut off or damaged, nothing was restored" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "back").exists()


def test_a_migration_tells_what_it_did(concierge: Concierge, project: Project) -> None:
    frozen = Path(__file__).parents[2] / "data" / "schema_1" / "ops.sql"
    project.paths.root.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(project.paths.ops_db)
    connection.executescript(frozen.read_text(encoding="utf-8"))
    connection.close()
    assert concierge("migrate").stdout == f"ops.sqlite: schema version 1 -> {SCHEMA_VERSION}\n"
    assert len(OpsStore(project.paths).overrides()) == 2
    assert concierge("migrate").stdout == f"nothing to do: schema version {SCHEMA_VERSION}\n"


@pytest.mark.parametrize("command", [("migrate",), ("status",), ("run",)])
def test_a_folder_of_a_newer_version_is_refused_in_one_line(
    concierge: Concierge, project: Project, command: tuple[str, ...]
) -> None:
    OpsStore(project.paths).overrides()
    connection = sqlite3.connect(project.paths.ops_db)
    connection.execute("pragma user_version = 99")
    connection.close()
    result = concierge(*command)
    assert result.exit_code == 1
    assert f"schema version 99 is newer than {SCHEMA_VERSION}" in result.stderr
    assert len(result.stderr.splitlines()) == 1
