"""A signal reaches the snapshot only when a rule in force names it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from intake.clock import FixedClock
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings
from orchestration.snapshot_contents import collect
from orchestration.warehouse import Warehouse
from tests.orchestration.test_publish import AS_OF, warehouse

__all__ = ["warehouse"]
FEATURES = """create or replace table marts.customer_features as select
    'c1' as customer_id, 3::bigint as late_deliveries_365d, 7::bigint as open_tickets, 12::bigint as recency_days,
    'tea' as next_best_category, '{"tea":1.0}' as category_affinity"""
POLICY = """name: apologies
version: 1
description: Late parcels are made up for.
owner: service
rules:
  - name: sorry
    effect: reason
    placements: [home_hero]
    when: known_late_deliveries_365d && late_deliveries_365d > 0
    reason: We were late.
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a configuration of its own."""
    config = shutil.copytree(repository_root() / "config", tmp_path / "config")
    return Project(DataPaths(tmp_path), config, Settings(), FixedClock(AS_OF))


def carried(project: Project, warehouse: Warehouse) -> dict[str, object]:
    """What the snapshot says of c1 beyond scores and segment."""
    with warehouse.connect() as connection:
        connection.execute(FEATURES).fetchall()
    ada = next(profile for profile in collect(project, warehouse, {}).profiles if profile.customer_id == "c1")
    return dict(ada.features)


def test_what_no_rule_names_stays_in_the_warehouse(project: Project, warehouse: Warehouse) -> None:
    assert carried(project, warehouse) == {"recency_days": 12}


def test_a_rule_brings_its_signal_and_no_other(project: Project, warehouse: Warehouse) -> None:
    (project.config / "policies" / "apologies.yml").write_text(POLICY)
    assert carried(project, warehouse) == {"late_deliveries_365d": 3, "recency_days": 12}


def test_a_rule_without_its_placement_brings_nothing(project: Project, warehouse: Warehouse) -> None:
    (project.config / "placements" / "home_hero.yml").unlink()
    # What is tried on a placement goes with it.
    (project.config / "experiments" / "hero_specials.yml").unlink()
    assert carried(project, warehouse) == {}
