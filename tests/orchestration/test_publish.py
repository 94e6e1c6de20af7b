"""From warehouse rows to a live snapshot that answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from intake.clock import FixedClock
from intake.ops_erasure import ErasureRequest
from intake.ops_experiments import ExperimentBook, ExperimentEvent
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings
from orchestration.experiments_published import live_shares, publish_probabilities
from orchestration.model_registry import ModelRegistry
from orchestration.publish import publish_snapshot
from orchestration.refresh.whose import EVERYBODY
from orchestration.snapshot_contents import collect, load_configuration
from orchestration.snapshot_people import profiles_of, stretches
from orchestration.warehouse import Warehouse
from serving.session.reducer import microseconds
from serving.snapshot import pointer
from serving.snapshot.building import building, sweep
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import REFUSED_ANALYTICS, ProfileRecord, SnapshotError
from serving.snapshot.writer import write_snapshot

AS_OF = datetime(2018, 1, 2, tzinfo=UTC)
HASH = {"ada": "a" * 32, "bob": "b" * 32, "lent": "c" * 32, "family": "d" * 32, "left": "e" * 32}
MARTS = """
create schema marts;
create schema intermediate;
create table intermediate.int_consent_events as select * from (values
    ('a', 1, 'marketing_email', timestamp '2017-05-01', false),
    ('b', 1, 'marketing_email', timestamp '2017-05-02', true),
    ('c', 2, 'marketing_email', timestamp '2017-05-01', true),
    ('d', 2, 'marketing_email', timestamp '2017-05-01', false),
    ('e', 2, 'analytics', timestamp '2017-05-01', true), ('f', 5, 'analytics', timestamp '2017-05-01', false)
) as t (event_id, identifier_key, purpose, occurred_at, is_granted);
create table marts.customer_consent as select * from (values
    ('c1', true, true, true, false, true, false, true, false, true, 'absent', 'granted', 'granted'),
    ('c2', false, false, false, true, false, false, false, false, false, 'granted', 'refused', 'absent')
) as t (customer_id, is_profiled, marketing_email, profiling_price, marketing_sms, marketing_push, marketing_phone,
    marketing_post, marketing_ads, is_tracked, analytics_word, personalization_word, profiling_price_word);
create table marts.customer_segments as select * from (values
    ('c1', 2, 'Regulars', 'persona'), ('c2', 3, 'x', 'persona'))
    as t (customer_id, segment_id, segment_name, rung);
create table marts.customer_scores as select customer_id, 0.25::double as churn_probability,
    120.5::decimal(18, 4) as ltv_amount from marts.customer_segments;
create table marts.customer_features as select * from (values ('c1', 0.31::decimal(7, 6)), ('c2', 0.99::decimal(7, 6)))
    as t (customer_id, discount_share);
create table marts.customer_recommendations as select * from (values
    ('c1', 'buy_again', 2, 'p2', 1.0::double, 'bought once'), ('c1', 'buy_again', 1, 'p1', 3.0::double, 'bought often'),
    ('c2', 'buy_again', 1, 'p2', 1.0::double, 'bought once')
) as t (customer_id, task, rank, product_id, score, reason);
create table marts.customer_product as select * from (values
    ('c1', 'p1', timestamp '2017-12-30'), ('c1', 'p2', timestamp '2017-10-01'), ('c2', 'p2', timestamp '2017-12-31')
) as t (customer_id, product_id, last_ordered_at);
create table marts.dim_product as select product_id, category, list_price::decimal(18, 4) as list_price,
    floor_price::decimal(18, 4) as floor_price, map_price::decimal(18, 4) as map_price,
    cost::decimal(18, 4) as cost, stock_quantity::decimal(18, 3) as stock_quantity
from (values ('p1', 'PRODUCE', 2.5, 2.0, null, 1.5, 10), ('p2', null, null, null, null, null, null))
    as t (product_id, category, list_price, floor_price, map_price, cost, stock_quantity);
create table marts.product_pair as
    select 'p1' as product_a, 'p2' as product_b, 5 as n_baskets, 2.0::decimal(18, 6) as lift;
create table marts.product_popularity as select * from (values ('p1', 'PRODUCE', 9), ('p2', null, 12))
    as t (product_id, category, n_orders);
create table marts.decision_table as select 'home_hero' as placement, 2 as segment_id, 'any' as context_bucket,
    'produce' as action, 1.4::double as score, 'category lift of the segment' as basis, 80 as n;
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(DataPaths(tmp_path), repository_root() / "config", Settings(), FixedClock(AS_OF))


@pytest.fixture
def warehouse(project: Project) -> Warehouse:
    found = Warehouse(project.paths.warehouse)
    identifiers = pd.DataFrame(
        {
            "identifier_key": [1, 2, 3, 4, 5],
            "type": ["loyalty_id", "email", "cookie", "email", "device_id"],
            "value_hash": list(HASH.values()),
            "first_seen_at": pd.Timestamp("2017-01-01", tz="UTC"),
            "last_seen_at": pd.Timestamp("2017-01-01", tz="UTC"),
            "degree_by_type": "{}",
            "status": ["active", "active", "shared", "shared", "shared"],
            "reason": None,
        }
    )
    forever, early = pd.Timestamp("9999-12-31", tz="UTC"), pd.Timestamp("2017-01-01", tz="UTC")
    june = pd.Timestamp("2017-06-01", tz="UTC")
    assignment = pd.DataFrame(
        {
            "identifier_key": [1, 2, 2, 3, 3, 4, 5],
            "canonical_id": ["c1", "c2", "c1", "c1", "c2", "c1", "c1"],
            "tier": "certain",
            "valid_from": [early, early, early, early, june, early, early],
            "valid_to": [forever, forever, forever, june, forever, forever, june],
            "system_from": [early, early, june, early, early, early, early],
            "system_to": [forever, june, forever, forever, forever, forever, forever],
            "via_edge_key": pd.array([None, None, 7, None, None, None, None], dtype="Int64"),
        }
    )
    moment = pd.DataFrame({"as_of": [pd.Timestamp(AS_OF)]})
    found.replace(
        {"identity.identifier": identifiers, "identity.identity_assignment": assignment, "ops.run_context": moment}
    )
    with found.connect() as connection:
        for statement in MARTS.split(";\n"):
            if statement.strip():
                connection.execute(statement).fetchall()
    return found


def test_a_shared_browser_shows_its_last_user_and_a_shared_address_nobody(
    project: Project, warehouse: Warehouse
) -> None:
    rows = sorted(tuple(row) for row in collect(project, warehouse, {}).identifiers)
    assert rows == [("cookie", HASH["lent"], "c2"), ("email", HASH["bob"], "c1"), ("loyalty_id", HASH["ada"], "c1")]


def test_a_profile_has_what_decisions_use_and_no_more(project: Project, warehouse: Warehouse) -> None:
    ada, bob = collect(project, warehouse, {}).profiles
    assert (ada.segment_id, ada.rung, ada.churn_probability, ada.ltv_amount) == (2, "persona", 0.25, 120.5)
    assert [item.product_id for item in ada.recommendations["buy_again"]] == ["p1", "p2"]
    assert ada.recently_bought == ["p1"]
    assert set(ada.features) <= {"discount_share"}
    assert ada.consent_channels == ["marketing_push", "marketing_post"]
    assert (ada.consent_analytics, ada.agreed) == (True, ["personalization", "profiling_price"])
    # Whatever the tables say of somebody who refuses a profile, nothing of it leaves for the service.
    nothing = ProfileRecord(
        "c2",
        rung="everyone",
        consent_channels=["marketing_sms"],
        features=dict.fromkeys(ada.features),
        consent_analytics=False,
        agreed=["analytics"],
    )
    assert bob == nothing


def test_a_profile_names_the_identifiers_that_still_refuse(project: Project, warehouse: Warehouse) -> None:
    ada, bob = collect(project, warehouse, {}).profiles
    refused_at = microseconds(datetime(2017, 5, 1, tzinfo=UTC))
    # Identifier 1 agreed later, 2 said both at one moment, and 5 has left ada.
    assert ada.refusals == {"marketing_email": [(2, refused_at)]}
    assert bob.refusals == {}


def test_products_lists_and_decisions_are_carried(project: Project, warehouse: Warehouse) -> None:
    contents = collect(project, warehouse, {})
    assert contents.popular[""] == ["p2", "p1"]
    assert contents.popular["PRODUCE"] == ["p1"]
    assert contents.together == {"p1": ["p2"], "p2": ["p1"]}
    products = {product.product_id: product for product in contents.products}
    assert (products["p1"].list_price, products["p1"].stock, products["p2"].list_price) == (2.5, 10.0, None)
    assert [(row.action, row.score, row.n) for row in contents.decision_rows] == [("produce", 1.4, 80)]
    assert contents.totals["customers"] == 2


def test_a_published_snapshot_is_live_and_readable(project: Project, warehouse: Warehouse) -> None:
    root = project.paths.snapshots
    (root / ".building-torn").mkdir(parents=True)
    first = publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
    second = publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
    assert (first.version, second.version) == ("20180102T000000", "20180102T000000-2")
    assert pointer.current(root) == second.version
    assert not list(root.glob(".building-*"))
    with SnapshotReader(root / second.version) as reader:
        assert reader.customer_id("loyalty_id", HASH["ada"]) == "c1"
        ada = reader.profile("c1")
        assert ada is not None
        assert ada.segment_name == "Regulars"


def test_a_stop_during_the_build_stays_a_stop(
    project: Project, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(kind: str, share: float) -> None:
        step = ExperimentEvent("hero_specials", 1, kind, AS_OF, "tests", "", share)
        ExperimentBook(project.paths).record_experiment_event(step)

    def stopped_meanwhile(*args: Any, **kwargs: Any) -> Path:
        folder = write_snapshot(*args, **kwargs)
        take("stop", 0.0)
        assert publish_probabilities(project) is not None
        assert live_shares(project) == {}
        return folder

    take("start", 0.25)
    first = publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
    assert live_shares(project) == {"hero_specials/1": 0.25}
    monkeypatch.setattr("orchestration.publish.write_snapshot", stopped_meanwhile)
    second = publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
    assert live_shares(project) == {}
    root = project.paths.snapshots
    assert second.version == pointer.current(root)
    assert (second.as_of, second.counts) == (first.as_of, first.counts)
    assert second.total_bytes == sum(file.stat().st_size for file in (root / second.version).iterdir())


def test_what_fails_behind_the_switch_says_that_the_version_is_live(
    project: Project, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def erasing_meanwhile(*args: Any, **kwargs: Any) -> Path:
        folder = write_snapshot(*args, **kwargs)
        OpsStore(project.paths).open_erasure(ErasureRequest("r1", AS_OF, "ana", 1), [])
        return folder

    monkeypatch.setattr("orchestration.publish.write_snapshot", erasing_meanwhile)
    with pytest.raises(SnapshotError, match=r"version 20180102T000000 is live; what failed .* newest shares .* erase"):
        publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
    assert pointer.current(project.paths.snapshots) == "20180102T000000"


def test_a_snapshot_that_cannot_be_written_leaves_the_live_one(project: Project, warehouse: Warehouse) -> None:
    live = publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
    with warehouse.connect() as connection:
        connection.execute("insert into marts.dim_product select * from marts.dim_product").fetchall()
    with pytest.raises(SnapshotError, match="table product: 2 of 4 keys are there twice"):
        publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
    assert pointer.current(project.paths.snapshots) == live.version


def test_nothing_pinned_means_nothing_to_publish(project: Project) -> None:
    empty = Warehouse(project.paths.warehouse)
    empty.prepare()
    with pytest.raises(ValueError, match="nothing is pinned yet"):
        publish_snapshot(project, empty, ModelRegistry(project.paths.models))


def test_what_a_killed_publisher_left_is_swept_away(tmp_path: Path) -> None:
    for name in (".building-v1", ".pointer-a1", "v0"):
        (tmp_path / name).mkdir()
    (tmp_path / ".pointer-a1" / "current").symlink_to("v1")
    assert sweep(tmp_path) == [".building-v1", ".pointer-a1"]
    assert [path.name for path in tmp_path.iterdir()] == ["v0"]


def test_what_another_publisher_is_writing_is_not_swept_away(tmp_path: Path) -> None:
    def write() -> None:
        with building(tmp_path, "v1") as folder:
            (folder / "data.mdb").write_bytes(b"half")
            assert sweep(tmp_path) == []
            assert (folder / "data.mdb").read_bytes() == b"half"

    with pytest.raises(SnapshotError, match="v1"):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_customers_read_a_few_at_a_time_are_those_read_at_once(
    project: Project, warehouse: Warehouse, at_once: int
) -> None:
    rules = load_configuration(project, warehouse)
    whole = list(profiles_of(warehouse, rules, EVERYBODY))
    assert [profile.customer_id for profile in whole] == ["c1", "c2"]
    some = stretches(warehouse, at_once)
    assert len(some) == len({whose.among("id") for whose in some}) == max(2 // at_once, 1)
    assert [profile for whose in some for profile in profiles_of(warehouse, rules, whose)] == whole


def test_people_are_counted_as_they_are_written(project: Project, warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        # c2 refuses analytics, and says so last; a word of somebody without a row counts for nobody.
        connection.execute("""
            insert into intermediate.int_consent_events values
                ('g', 2, 'analytics', timestamp '2017-07-01', false),
                ('h', 77, 'analytics', timestamp '2017-07-01', false)
        """).fetchall()
    contents = collect(project, warehouse, {})
    profiles, identifiers = list(contents.profiles), list(contents.identifiers)
    counted = {name: contents.totals[name] for name in ("customers", "identifiers", "segments", REFUSED_ANALYTICS)}
    assert counted == {
        "customers": len(profiles),
        "identifiers": len(identifiers),
        "segments": len({profile.segment_id for profile in profiles} - {None}),
        REFUSED_ANALYTICS: sum("analytics" in profile.refusals for profile in profiles),
    }
    assert counted[REFUSED_ANALYTICS] == 1
