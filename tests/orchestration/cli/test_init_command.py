"""`concierge init`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from intake.clock import WallClock
from intake.paths import DataPaths, repository_root
from intake.settings import load_settings
from orchestration.cli.app import app
from orchestration.cli.init_command import TEMPLATE, next_commands, write_project


def test_a_new_project_has_wall_time_and_the_usual_floor(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    result = CliRunner().invoke(app, ["init", str(folder)])
    assert result.exit_code == 0
    settings = load_settings(folder / "config")
    assert settings.segments.minimum_size == 1000
    assert isinstance(settings.project_clock(DataPaths(folder / "data")), WallClock)
    assert all(command in result.stdout for command in next_commands())


def test_what_ships_is_copied_and_the_demo_stays_behind(tmp_path: Path) -> None:
    write_project(tmp_path)
    shipped = repository_root() / "config"
    for pattern in ("placements/*.yml", "policies/*.yml", "sources/service_*.yml", "event_types.yml"):
        for file in shipped.glob(pattern):
            assert (tmp_path / "config" / file.relative_to(shipped)).read_bytes() == file.read_bytes()
    sources = {file.stem for file in (tmp_path / "config/sources").glob("*.yml")}
    assert "my_orders" in sources
    assert not any(name.startswith(("cj_", "sim_")) for name in sources)
    assert (tmp_path / ".gitignore").read_text().split() == ["data/"]


def test_the_readme_starts_with_three_commands_that_exist() -> None:
    commands = next_commands()
    assert len(commands) == 3
    for command in commands:
        assert CliRunner().invoke(app, [command.split()[1], "--help"]).exit_code == 0
    assert (TEMPLATE / commands[0].split()[-1]).exists()


def test_the_example_contract_fits_its_example_file(tmp_path: Path) -> None:
    write_project(tmp_path)
    contract = yaml.safe_load((tmp_path / "config/sources/my_orders.yml").read_text())
    with (tmp_path / "example/my_orders.csv").open() as file:
        header = next(csv.reader(file))
    used = {*contract["columns"].values(), *contract["lines"]["fields"].values(), *contract["natural_key"]}
    assert used | {entry["column"] for entry in contract["identifiers"]} == set(header)


@pytest.mark.parametrize("kind", ["file in it", "a file", "inside the clone"])
def test_anything_but_an_empty_place_is_refused_untouched(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "shop"
    if kind == "file in it":
        folder.mkdir()
        (folder / "keep.txt").write_text("mine")
    elif kind == "a file":
        folder.write_text("mine")
    else:
        folder = repository_root() / "docs" / "never-made"
    before = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(app, ["init", str(folder)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {folder}: ")
    assert len(result.stderr.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_an_existing_empty_folder_is_fine_and_a_missing_argument_is_wrong_use(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(app, ["init"]).exit_code == 2
