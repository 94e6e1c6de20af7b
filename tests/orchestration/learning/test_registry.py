"""What the files of experiments say to the learner."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.clock import FixedClock
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings
from orchestration.learning.registry import read_registry
from orchestration.learning.tick import NOT_READY, learn, update
from orchestration.warehouse import Warehouse
from tests.orchestration.month import empty_warehouse

AT = datetime(2026, 10, 25, tzinfo=UTC)
BANDIT = """
name: hero
version: 2
hypothesis: Tea earns more than a greeting.
kind: bandit
placement: home_hero
arms:
  plain: {action: welcome, is_plain: true, share: 1}
  tea: {action: weekly_specials, share: 3}
objective: {metric: margin, weights: {margin: 1, complaint: -5}}
attribution_hours: 24
floor: 0.2
least_units: 7
owner: tests
status: running
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    ignored = shutil.ignore_patterns("experiments", "sources")
    shutil.copytree(repository_root() / "config", tmp_path / "config", ignore=ignored)
    (tmp_path / "config" / "sources").mkdir()
    return Project(DataPaths(tmp_path / "data"), tmp_path / "config", Settings(), FixedClock(AT))


def test_a_shop_without_experiments_has_an_empty_registry(project: Project) -> None:
    found = read_registry(project)
    assert (dict(found.windows), list(found.bandits), len(found.arms)) == ({}, [], 0)


def test_arms_windows_and_settings_come_from_the_file(project: Project) -> None:
    folder = project.config / "experiments"
    folder.mkdir()
    (folder / "hero.yml").write_text(BANDIT, encoding="utf-8")
    found = read_registry(project)
    assert dict(found.windows) == {("hero", 2): 24}
    told = found.settings["hero"]
    assert (told.floor, told.least_units, dict(told.weights or {})) == (0.2, 7, {"margin": 1, "complaint": -5})
    arms = found.arms.set_index("arm")
    assert arms.loc["plain", "fixed_share"] == pytest.approx(0.25)
    assert arms["fixed_share"].isna().to_dict() == {"plain": False, "tea": True}
    assert not arms["is_paused"].any()
    (folder / "hero.yml").write_text(BANDIT.replace("status: running", "status: stopped"), encoding="utf-8")
    stopped = read_registry(project)
    assert (len(stopped.arms), dict(stopped.windows)) == (0, {("hero", 2): 24})


def test_before_the_facts_are_built_there_is_nothing_to_learn_and_no_error(project: Project) -> None:
    assert learn(project, AT) == NOT_READY
    assert Warehouse(project.paths.warehouse).count("ml.arm_stats") == 0


def test_a_moment_without_a_time_zone_is_refused(project: Project) -> None:
    project.paths.root.mkdir()
    empty_warehouse.make(project.paths.warehouse)
    naive = AT.replace(tzinfo=None)
    with pytest.raises(ValueError, match=r"as_of 2026-10-25T00:00:00 has no time zone"):
        learn(project, naive)
    with pytest.raises(ValueError, match=r"as_of 2026-10-25T00:00:00 has no time zone"):
        update(project, read_registry(project), naive)
    assert not update(project, read_registry(project), AT).recounted, "nothing was left half done"
