"""A signal reaches the snapshot only when a rule in force names it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from intake.clock import FixedClock
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings
from orchestration.segments.carried import published_segments
from orchestration.snapshot_contents import collect
from orchestration.warehouse import Warehouse
from orchestration.warehouse_migration import bring_up_to_date
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

SEGMENTED = POLICY.replace("known_late_deliveries_365d && late_deliveries_365d > 0", "'\"away\" in rule_segments'")
MICRO = "2/churn low/value high/intent warm"
PEOPLE = f"""
    create table marts.dim_customer as select * from (values ('c1', 'lapsed', true), ('c2', 'lapsed', false))
        as t (customer_id, lifecycle, consent_personalization);
    insert into ml.rule_segment_member values ('c1', 'away'), ('c2', 'away'), ('c1', 'apart');
    insert into ml.micro_segment by name select customer_id, '{MICRO}' as micro_segment, true as is_large
        from (values ('c1'), ('c2')) as t (customer_id);
    create table marts.customer_rule_segments as select 'c1' as customer_id, unnest(['away', 'apart']) as rule_segment;
    alter table marts.customer_segments add column micro_segment varchar;
    update marts.customer_segments set micro_segment = '{MICRO}' where customer_id = 'c1'
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


def test_a_rule_about_segments_brings_them_with_the_figures_that_move_them(
    project: Project, warehouse: Warehouse
) -> None:
    folder = project.config / "segments"
    (folder / "away.yml").write_text(
        "name: away\ndescription: x\nwhere: recency_days > 60 and open_tickets > 1 or lifecycle = 'lapsed'\n"
    )
    (folder / "apart.yml").write_text("name: apart\ndescription: x\nwhere: recency_days > 60 or lifecycle = 'lapsed'\n")
    (project.config / "policies" / "apologies.yml").write_text(SEGMENTED)
    with warehouse.connect() as connection:
        bring_up_to_date(connection)
        for statement in PEOPLE.split(";"):
            connection.execute(statement).fetchall()
    told = {"rule_segments": "apart,away", "micro_segment": MICRO, "lifecycle": "lapsed"}
    assert carried(project, warehouse) == told | {"recency_days": 12}
    contents = collect(project, warehouse, {})
    # Tickets are told of by no visit, so the other segment stays with the daily run.
    assert contents.segments.conditions.keys() & {"away", "apart"} == {"apart"}
    assert contents.segments.large == frozenset({MICRO})
    refused = next(profile for profile in contents.profiles if profile.customer_id == "c2")
    assert not any(refused.features.values())
    # The same from published tables, for an edit between runs.
    assert published_segments(warehouse.path, set(told)) == {"c1": told}
    assert published_segments(warehouse.path, set(told), "c2") == {}
    assert published_segments(warehouse.path, {"recency_days"}) == {}
