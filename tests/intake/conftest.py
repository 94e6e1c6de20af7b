"""A small project with its own folders and a clock that stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.ops_store import OpsStore
from intake.project import Project
from tests.intake.scene import KEY, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("CONCIERGE_KEY", KEY)
    return make_project(tmp_path)


@pytest.fixture
def store(project: Project) -> OpsStore:
    return OpsStore(project.paths)
