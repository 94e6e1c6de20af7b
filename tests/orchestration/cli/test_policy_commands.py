"""`concierge policy check`: exit codes and every mistake, as a marketer sees them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from intake.paths import repository_root
from orchestration.cli.app import create_app


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shutil.copytree(repository_root() / "config", tmp_path / "config")
    monkeypatch.setenv("CONCIERGE_CONFIG", str(folder))
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "data"))
    return folder


def test_the_shipped_files_are_right(config: Path) -> None:
    result = CliRunner().invoke(create_app(), ["policy", "check"])
    assert result.exit_code == 0, result.output
    assert "rules are right" in result.output
    assert config.is_dir()


def test_every_mistake_is_told_and_the_exit_code_is_one(config: Path) -> None:
    pricing = config / "policies" / "pricing.yml"
    pricing.write_text(pricing.read_text().replace("effect: block", "effect: blok").replace("value", "valu"))
    result = CliRunner().invoke(create_app(), ["policy", "check"])
    assert result.exit_code == 1
    assert "did you mean 'block'" in result.output
    assert "pricing.yml:" in result.output


def test_what_if_without_decisions_says_so(config: Path) -> None:
    result = CliRunner().invoke(create_app(), ["what-if", "--policies", str(config / "policies")])
    assert result.exit_code == 1
    assert "there is no live snapshot" in result.output
