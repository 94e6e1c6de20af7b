"""One data folder, one configuration folder, both movable by the environment."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from intake.paths import DataPaths, config_dir, data_paths, repository_root


def test_the_environment_moves_both_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "state"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(tmp_path / "conf"))
    assert data_paths().root == tmp_path / "state"
    assert config_dir() == tmp_path / "conf"


def test_without_the_environment_they_stand_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONCIERGE_DATA", raising=False)
    monkeypatch.delenv("CONCIERGE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    assert data_paths().root == tmp_path / "data"
    assert config_dir() == tmp_path / "config"


def test_every_place_lies_inside_the_data_folder(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    places = [getattr(paths, name) for name, kind in vars(DataPaths).items() if isinstance(kind, property)]
    assert len(places) > len(fields(paths))
    assert all(tmp_path in place.parents for place in places)
    assert len(set(places)) == len(places)


def test_the_repository_root_holds_the_project_file() -> None:
    assert (repository_root() / "pyproject.toml").is_file()
