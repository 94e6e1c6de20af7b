"""What processes of the project are told by their environment."""

from __future__ import annotations

from pathlib import Path

from intake.clock import WallClock
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.environment import variables
from orchestration.fingerprint import definition_hash


def test_what_a_shop_calls_sensitive_reaches_the_tables_and_concerns_everybodys_rows(tmp_path: Path) -> None:
    project = Project(DataPaths(tmp_path / "data"), tmp_path / "config", Settings(), WallClock())
    (project.config / "sources").mkdir(parents=True)
    assert variables(project.paths, project.config)["CONCIERGE_SENSITIVE_WORDS"] == ""
    before = definition_hash(project)
    (project.config / "sensitive.yml").write_text("attributes: [Blood type, Age]\n")
    (project.config / "sources" / "own.yml").write_text("name: own\nsensitive: [faith]\n")
    assert variables(project.paths, project.config)["CONCIERGE_SENSITIVE_WORDS"] == "blood_type faith"
    assert definition_hash(project) != before
