"""What the uplift model advises reaches the snapshot where a placement asks for it, and the live answer from there."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from intake.clock import FixedClock
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings
from orchestration.incentives.advice import advice_now, published_advice
from orchestration.model_registry import ModelRegistry
from orchestration.policy.asking import open_edited
from orchestration.policy.people import kinds_of_people, profile_names
from orchestration.policy.publish_config import publish_config
from orchestration.publish import publish_snapshot
from orchestration.warehouse import Warehouse
from serving.content import load_content
from serving.decide import decide_for
from serving.live import LiveSnapshot
from serving.person import find_person
from serving.question import Context, Question
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from tests.orchestration.test_publish import AS_OF, HASH, warehouse

__all__ = ["warehouse"]
ROWS = """create or replace table marts.customer_incentives as select * from (values
    ('c1', 'checkout_incentive', 'none', 0.0::double, 0.0::double, false),
    ('c1', 'checkout_incentive', 'ten_percent_off', 1.25::double, 0.5::double, true),
    ('c1', 'checkout_incentive', 'gift', 7.0::double, 6.0::double, false),
    ('c1', 'elsewhere', 'none', 0.0::double, 0.0::double, true)
) as t (customer_id, placement, arm, margin_uplift, margin_low, is_recommended)"""
CARRIED = {
    "incentive_best/checkout_incentive": "ten_percent_off",
    "incentive_gain/checkout_incentive/none": 0.0,
    "incentive_gain/checkout_incentive/ten_percent_off": 1.25,
    "incentive_gain_low/checkout_incentive/none": 0.0,
    "incentive_gain_low/checkout_incentive/ten_percent_off": 0.5,
}
SLOT = Path("placements") / "incentive_that_pays.yml"
CART = Context(page_type="cart", product_ids=["p1"], cart_value=40.0)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a configuration of its own."""
    config = shutil.copytree(repository_root() / "config", tmp_path / "config")
    return Project(DataPaths(tmp_path), config, Settings(), FixedClock(AS_OF))


def publish(project: Project, warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute(ROWS).fetchall()
    publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))


def live(project: Project) -> LiveSnapshot:
    return LiveSnapshot(SnapshotReader(project.paths.snapshots / str(pointer.current(project.paths.snapshots))))


def advice_in(found: LiveSnapshot) -> dict[str, object]:
    profile = found.reader.profile("c1")
    assert profile is not None
    return {name: value for name, value in profile.features.items() if name.startswith("incentive_")}


def test_the_advice_goes_live_with_the_snapshot_and_decides(project: Project, warehouse: Warehouse) -> None:
    publish(project, warehouse)
    with closing(live(project)) as found:
        assert advice_in(found) == CARRIED
        person = find_person(found.reader, [("loyalty_id", HASH["ada"])])
        given = decide_for(found, person, Question("incentive_that_pays"), CART, AS_OF)
        # Fairness is measured on what people would get: those with another advice are another kind.
        names = profile_names(found)
        assert set(CARRIED) <= set(names)
        assert len(kinds_of_people(found, names)) == 1 + found.reader.count("profile")
    assert (given.action, given.rung, given.expected_gain) == ("ten_percent_off", "advised", 1.25)


def test_what_nobody_asks_for_stays_behind_until_an_edit_asks(project: Project, warehouse: Warehouse) -> None:
    hidden = (project.config / SLOT).read_text()
    (project.config / SLOT).write_text(hidden.replace("strategy: uplift", "strategy: rules"))
    publish(project, warehouse)
    with closing(live(project)) as found:
        assert advice_in(found) == {}
    folder = project.paths.published / "v1"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "concierge.duckdb")) as connection:
        connection.execute("create schema marts; create table marts.customer_features (customer_id varchar)").fetchall()
        connection.execute(ROWS).fetchall()
    (project.paths.published / "current").symlink_to("v1")
    (project.config / SLOT).write_text(hidden)
    with closing(open_edited(project, load_content(project.config))) as previewed:
        assert advice_in(previewed) == CARRIED
    publish_config(project, "test")
    with closing(live(project)) as found:
        assert advice_in(found) == CARRIED


def test_before_anything_was_trained_there_is_no_advice(warehouse: Warehouse, tmp_path: Path) -> None:
    asked = {"checkout_incentive": frozenset({"none"})}
    assert advice_now(warehouse, asked) == {} == published_advice(tmp_path / "nowhere.duckdb", asked)
