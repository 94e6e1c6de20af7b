"""A project in a folder of its own, and the command line in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from intake.project import Project
from orchestration.cli.app import app
from orchestration.cli.init_command import write_project

Concierge = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh project, named by the environment as a user's would be."""
    write_project(tmp_path / "shop")
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "shop" / "data"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(tmp_path / "shop" / "config"))
    monkeypatch.delenv("CONCIERGE_DEBUG", raising=False)
    return Project.open()


@pytest.fixture
def concierge(project: Project) -> Concierge:
    """`concierge(*words)` runs the command line in that project."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])
