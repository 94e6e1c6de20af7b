"""Customers of the last hour go live beside the data file, proved, and on what is live still."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from intake.clock import FixedClock
from intake.ops_experiments import ExperimentBook, ExperimentEvent
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.changed_customers import publish_changed
from orchestration.experiments_published import live_shares, publish_probabilities
from orchestration.model_registry import ModelRegistry
from orchestration.policy.evidence import ProofError
from orchestration.policy.publish_config import proved_changes
from orchestration.publish import publish_snapshot
from orchestration.refresh.customers import settle, touch_customers
from orchestration.warehouse import Warehouse
from serving.content import load_content
from serving.snapshot import pointer
from serving.snapshot.changed import Wanted, write_changed
from serving.snapshot.manifest import DATA_FILE
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProfileRecord
from serving.snapshot.verify import verify
from tests.orchestration.test_publish import AS_OF, HASH, warehouse
from tests.serving import sample

__all__ = ["warehouse"]
NEW = "f" * 32
# Cleo comes with a card; bob turns out to be ada, whose segment changes; the lent browser is nobody's any more.
HOUR = f"""
    insert into identity.identifier by name select 6 as identifier_key, 'loyalty_id' as type, '{NEW}' as value_hash,
        'active' as status;
    insert into identity.identity_assignment by name select 6 as identifier_key, 'c3' as canonical_id,
        timestamp '2018-01-02' as valid_from, timestamp '9999-12-31' as valid_to, timestamp '9999-12-31' as system_to;
    insert into marts.customer_consent by name select * replace ('c3' as customer_id) from marts.customer_consent
        where customer_id = 'c1';
    delete from marts.customer_consent where customer_id = 'c2';
    delete from identity.identity_assignment where identifier_key = 3 and canonical_id = 'c2';
    update marts.customer_segments set segment_id = 4 where customer_id = 'c1';
    insert into refresh.customer values ('c1'), ('c2'), ('c3');
    insert into refresh.identifier values (1), (2), (3), (4), (5), (6);
    update ops.run_context set as_of = as_of + interval 1 hour
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a configuration of its own."""
    config = shutil.copytree(sample.CONFIG, tmp_path / "config")
    return Project(DataPaths(tmp_path), config, Settings(), FixedClock(AS_OF))


@pytest.fixture
def night(project: Project, warehouse: Warehouse) -> str:
    """The version of last night, whose customers have been made."""
    touch_customers(warehouse, "d", "night")
    assert settle(warehouse, "d", "night")
    return publish_snapshot(project, warehouse, ModelRegistry(project.paths.models)).version


def run(warehouse: Warehouse, sql: str) -> None:
    with warehouse.connect() as connection:
        for statement in filter(str.strip, sql.split(";")):
            connection.execute(statement).fetchall()


def people(project: Project) -> dict[str, Any]:
    """What the live version says of people."""
    root = project.paths.snapshots
    with SnapshotReader(root / str(pointer.current(root))) as reader:
        tables = {table: reader.rows(table) for table in ("profile", "identifier")}
        return tables | {"counts": reader.manifest.counts, "totals": reader.manifest.totals}


def test_an_hour_brings_what_a_night_would(project: Project, warehouse: Warehouse, night: str) -> None:
    root = project.paths.snapshots
    assert publish_changed(project, warehouse) is None
    run(warehouse, HOUR)
    # An edited file goes live with `publish` alone.
    (project.config / "policies" / "moments.yml").unlink()
    done = publish_changed(project, warehouse)
    assert done is not None
    assert (done.before, done.version) == (night, pointer.current(root))
    assert done.rows == {"identifier": 1, "identifier_gone": 1, "profile": 2, "profile_gone": 1}
    assert (root / done.version / DATA_FILE).samefile(root / night / DATA_FILE)
    with SnapshotReader(root / night) as before, SnapshotReader(root / done.version) as reader:
        assert reader.policies == before.policies
        assert (before.customer_id("loyalty_id", NEW), reader.customer_id("loyalty_id", NEW)) == (None, "c3")
        assert (before.customer_id("cookie", HASH["lent"]), reader.customer_id("cookie", HASH["lent"])) == ("c2", None)
        assert reader.profile("c2") is None
    hourly = people(project)
    assert publish_changed(project, warehouse) is None
    # A run that makes everybody's rows again finds the same ones.
    pointer.switch(root, night)
    run(warehouse, "delete from refresh.customer; insert into refresh.everybody values ('another program')")
    again = publish_changed(project, warehouse)
    assert again is not None
    assert (again.rows, people(project)) == (done.rows, hourly)
    publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
    nightly = people(project)
    assert hourly["profile"] == nightly["profile"]
    assert hourly["identifier"] == nightly["identifier"]
    told = ("customers", "identifiers", "refused_analytics")
    assert [hourly["totals"][name] for name in told] == [nightly["totals"][name] for name in told]


def test_a_stop_that_went_live_meanwhile_stays(
    project: Project, warehouse: Warehouse, night: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(kind: str, share: float) -> None:
        step = ExperimentEvent("hero_specials", 1, kind, AS_OF, "tests", "", share)
        ExperimentBook(project.paths).record_experiment_event(step)
        assert publish_probabilities(project) is not None

    def stopped_meanwhile(*args: Any, **kwargs: Any) -> Path | None:
        folder = write_changed(*args, **kwargs)
        if live_shares(project):
            take("stop", 0.0)
        return folder

    take("start", 0.25)
    run(warehouse, HOUR)
    monkeypatch.setattr("orchestration.changed_customers.write_changed", stopped_meanwhile)
    done = publish_changed(project, warehouse)
    assert done is not None
    assert done.version == pointer.current(project.paths.snapshots)
    assert live_shares(project) == {}
    assert night not in (done.before, done.version)


def test_an_hour_that_was_taken_back_stays_so(project: Project, warehouse: Warehouse, night: str) -> None:
    root = project.paths.snapshots
    run(warehouse, HOUR)
    assert publish_changed(project, warehouse) is not None
    assert pointer.rollback(root).version == night
    # Ada's rows are made again, with a look at whoever has cleo's card.
    again = "insert into refresh.customer values ('c1'); insert into refresh.identifier values (1), (2), (6)"
    run(warehouse, f"delete from refresh.customer; delete from refresh.identifier; {again}")
    done = publish_changed(project, warehouse)
    assert done is not None
    assert done.rows == {"identifier": 0, "identifier_gone": 0, "profile": 1, "profile_gone": 0}
    with SnapshotReader(root / done.version) as reader:
        assert reader.customer_id("loyalty_id", NEW) is None
        assert reader.customer_id("cookie", HASH["lent"]) == "c2"
    # She is there again with the next hour that concerns her; ada's card, which it only looks at, stays ada's.
    again = "insert into refresh.customer values ('c3'); insert into refresh.identifier values (1), (6)"
    run(warehouse, f"delete from refresh.customer; delete from refresh.identifier; {again}")
    done = publish_changed(project, warehouse)
    assert done is not None
    with SnapshotReader(root / done.version) as reader:
        assert [reader.customer_id("loyalty_id", one) for one in (HASH["ada"], NEW)] == ["c1", "c3"]
    # Upon a night that was gone back to nothing is put.
    run(warehouse, "update ops.run_context set as_of = as_of + interval 1 day")
    publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
    assert pointer.rollback(root, earlier_data=True).version == done.version
    run(warehouse, "update marts.customer_segments set segment_id = 5")
    assert publish_changed(project, warehouse) is None
    assert pointer.current(root) == done.version


def test_a_warehouse_made_anew_waits_for_the_night(project: Project, warehouse: Warehouse, night: str) -> None:
    run(warehouse, HOUR)
    # Nobody has recommendations or purchases in it yet.
    run(warehouse, "drop table marts.customer_product; insert into refresh.everybody values ('first run')")
    assert publish_changed(project, warehouse) is None
    assert pointer.current(project.paths.snapshots) == night


def test_who_changed_is_proved(tmp_path: Path) -> None:
    content = load_content(sample.CONFIG)
    # A floor that does not hold for whoever likes toys, of whom last night there was nobody.
    policies = [
        policy.model_copy(
            update={
                "rules": [
                    rule.model_copy(update={"when": f"{rule.when} || top_category == 'TOYS'"})
                    if rule.name == "never_below_floor"
                    else rule
                    for rule in policy.rules
                ]
            }
        )
        for policy in content.policies
    ]
    sample.write(tmp_path, "v1", policies=policies)
    ann, later = sample.profiles()[0], sample.NOW + timedelta(hours=1)
    project = Project(DataPaths(tmp_path), sample.CONFIG, Settings(), FixedClock(later))

    def hour(version: str, category: str) -> Path:
        people = [
            ProfileRecord(name, 0, features={**ann.features, "top_category": likes}, **sample.CONSENTED)
            for name, likes in (("fay", "DELI"), ("gil", category))
        ]
        folder = write_changed(tmp_path, "v1", Wanted(people, []), version=version, as_of=later, created_at=later)
        assert folder is not None
        return folder

    assert proved_changes(project, hour("v2", "DELI")).evaluated["kinds of people"] == 2
    verify(tmp_path / "v2")
    with pytest.raises(ProofError, match=r"floor: .*product p6"):
        proved_changes(project, hour("v3", "TOYS"))
    assert not (tmp_path / "v3").exists()
