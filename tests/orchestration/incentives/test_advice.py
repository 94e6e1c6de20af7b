"""What the uplift model advises reaches the snapshot where a placement asks for it, and the live answer from there."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
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
from serving.edited import edited
from serving.live import LiveSnapshot
from serving.person import find_person
from serving.policy import Policy, Rule
from serving.question import Context, Question
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProfileRecord
from tests.orchestration.test_publish import AS_OF, HASH, warehouse
from tests.serving import sample

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


def test_people_differ_by_what_they_would_be_given_and_not_by_every_cent(tmp_path: Path) -> None:
    def told(name: str, gain: float) -> ProfileRecord:
        features = {
            "incentive_best/checkout_incentive": "none",
            "incentive_gain/checkout_incentive/free_shipping": gain,
        }
        return ProfileRecord(name, 0, features=features, consent_personalization=True)  # type: ignore[arg-type]

    people = [told("a", 1.5), told("b", 2.5), told("c", -0.5), told("d", 0.0)]
    content = load_content(repository_root() / "config")
    folder = sample.write(tmp_path, profiles=people, identifiers=[])
    with closing(edited(folder, content)) as live:
        kinds = kinds_of_people(live, profile_names(live))
    assert [kind.customers for kind in kinds] == [[], ["a", "b"], ["c", "d"]]
    rule = Rule(name="r", effect="reason", when="incentive_gain > 1.0", reason="x", placements=["incentive_that_pays"])
    policy = Policy(name="p", version=1, description="d", owner="o", rules=[rule])
    with closing(edited(folder, replace(content, policies=[*content.policies, policy]))) as live:
        assert len(kinds_of_people(live, profile_names(live))) == 5
