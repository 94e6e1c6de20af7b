"""The code location loads, reads in pipeline order and guards the warehouse."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, DagsterInstance, Definitions, build_schedule_context, build_sensor_context
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import deserialize_value, serialize_value

from intake.ops_records import BatchRecord, LakeFile
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.alerts import Finding, settle
from orchestration.environment import configure
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.model_registry import ModelCard, ModelRegistry
from orchestration.partitions import RANGE_START_TAG, DayRange
from orchestration.refresh.marks import carried, carry
from orchestration.resources import Workspace
from orchestration.touched import consume

# Steps that never open the warehouse.
OUTSIDE = {"intake__landed_files", "ops__lake_file_conservation_at_intake", "ops__lake_file_freshness"}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    configure(DataPaths(tmp_path_factory.mktemp("data")), repository_root() / "config")
    from orchestration.code_location import definitions_of_environment

    return definitions_of_environment()


# Dagster's own snapshot of a schedule reads a property that Dagster deprecates.
@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")
def test_the_web_server_can_read_it(definitions: Definitions) -> None:
    snapshot = RepositorySnap.from_def(definitions.get_repository_def())
    again = deserialize_value(serialize_value(snapshot), RepositorySnap)
    assert {node.group_name for node in again.asset_nodes} == {group.value for group in Group}


def test_every_step_that_opens_the_warehouse_takes_its_turn(definitions: Definitions) -> None:
    jobs = [definitions.resolve_job_def(name) for name in ("hourly_intake", "hourly_refresh", "whole_graph")]
    steps = {node.name: node.definition for job in jobs for node in job.graph.nodes}
    unguarded = {name for name, step in steps.items() if getattr(step, "pool", None) != WRITER_POOL}
    assert unguarded == OUTSIDE


def test_assets_are_described_owned_and_lead_to_the_snapshot(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.materializable_asset_keys]
    assert [node.key.to_user_string() for node in nodes if not node.description] == []
    assert [node.key.to_user_string() for node in nodes if list(node.owners) != OWNERS] == []
    upstream = graph.get_ancestor_asset_keys(AssetKey(["serving", "snapshot"]))
    for address in (
        "intake/landed_files",
        "staging/stg_events",
        "identity/identity_assignment",
        "marts/customer_features",
    ):
        assert AssetKey(address.split("/")) in upstream


def test_the_service_hears_of_changed_customers_before_nobody_waits_any_more(definitions: Definitions) -> None:
    changed, tables = AssetKey(["serving", "changed_customers"]), AssetKey(["published", "tables"])
    made = {
        name: definitions.resolve_job_def(name).asset_layer.executable_asset_keys
        for name in ("hourly_refresh", "hourly_learning", "daily_publish", "whole_graph")
    }
    # A daily run writes everybody.
    assert [name for name, keys in made.items() if changed in keys] == ["hourly_refresh"]
    assert changed in definitions.resolve_asset_graph().get(tables).parent_keys


def test_no_source_table_is_left_unwritten(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    external = {key.to_user_string() for key in graph.external_asset_keys}
    # Written by people through the command line, folded in with every pin.
    assert external <= {"identity/identity_override", "ops/alert", "ops/run_summary"}


def test_daily_tables_alone_are_partitioned(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    groups = {graph.get(key).group_name for key in graph.materializable_asset_keys if graph.get(key).is_partitioned}
    assert groups == {Group.STAGING.value, Group.DAILY.value}


def test_blocking_checks_stand_before_what_is_published(definitions: Definitions) -> None:
    checks = {
        (key.asset_key.to_user_string(), key.name)
        for key in definitions.resolve_asset_graph().asset_check_keys
        if definitions.resolve_asset_graph().get_check_spec(key).blocking
    }
    assert {
        ("ops/lake_file", "raw_suite"),
        ("intermediate/int_events", "staged_suite"),
        ("marts/customer_features", "profiles_suite"),
        ("marts/decision_table", "published_suite"),
        ("staging/stg_events", "conservation_in_staging"),
        ("ops/lake_file", "conservation_at_intake"),
    } <= checks


def test_schedules_and_sensors_are_on_and_pin_nothing_twice(definitions: Definitions) -> None:
    repository = definitions.get_repository_def()
    assert {schedule.name: schedule.cron_schedule for schedule in repository.schedule_defs} == {
        "hourly": "5 * * * *",
        "daily": "30 2 * * *",
        "weekly": "0 4 * * 1",
        "every_48_hours": "0 5 * * *",
    }
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "touched_days",
        "dead_runs",
        "failed_runs",
        "finished_runs",
        "digests",
        "drifted_models",
    }
    assert all(item.default_status.value == "RUNNING" for item in (*repository.schedule_defs, *repository.sensor_defs))


def test_the_manifest_lies_in_the_data_folder(definitions: Definitions) -> None:
    target = Path(os.environ["DBT_TARGET_PATH"])
    assert (target / "manifest.json").exists()
    assert not target.is_relative_to(repository_root())
    assert definitions is not None


def test_the_sensor_asks_for_range_after_range_and_with_the_last_for_the_customers(definitions: Definitions) -> None:
    ops, noon = OpsStore(DataPaths(Path(os.environ["CONCIERGE_DATA"]))), datetime(2017, 6, 1, 12, tzinfo=UTC)
    days = [date(2017, 1, 10), date(2017, 5, 10)]
    files = [LakeFile(f"lake/{day}.parquet", "till", day, "batch", 1, noon, noon, noon) for day in days]
    ops.record_batch(BatchRecord("batch", "till", "1", "f", "h", 2, 2, 0, 0, 0, 2, noon, noon), files)
    first = asked_for(definitions)
    assert first.tags[RANGE_START_TAG] == "2017-01-10"
    assert AssetKey(["staging", "stg_events"]) in (first.asset_selection or [])
    assert AssetKey(["marts", "customer_features"]) not in (first.asset_selection or [])
    consume(ops, ops.touches(), DayRange(days[0], date(2017, 1, 11)), "first")
    last = asked_for(definitions)
    assert last.tags[RANGE_START_TAG] == "2017-05-09"
    assert AssetKey(["marts", "customer_features"]) in (last.asset_selection or [])
    consume(ops, ops.touches(), DayRange(days[1], days[1]), "last, killed before the customers")
    left = asked_for(definitions)
    assert RANGE_START_TAG not in left.tags
    assert AssetKey(["staging", "stg_events"]) not in (left.asset_selection or [])
    assert AssetKey(["published", "tables"]) in (left.asset_selection or [])
    carry(ops, "run")
    carried(ops, "run")
    assert asked_for(definitions, requests=0) is None


def asked_for(definitions: Definitions, requests: int = 1) -> Any:
    """What one look of the sensor `touched_days` asks for."""
    with DagsterInstance.ephemeral() as instance:
        context = build_sensor_context(instance=instance, definitions=definitions, resources={"workspace": Workspace()})
        found = definitions.resolve_sensor_def("touched_days").evaluate_tick(context).run_requests or []
    assert len(found) == requests
    return found[0] if found else None


def test_every_other_day_the_models_of_the_settings_are_trained_alone(definitions: Definitions) -> None:
    schedule = definitions.resolve_schedule_def("every_48_hours")
    asked = []
    with DagsterInstance.ephemeral() as instance:
        for day in range(28, 33):
            context = build_schedule_context(
                instance=instance,
                scheduled_execution_time=datetime(2018, 2, 1, 5, tzinfo=UTC) + timedelta(days=day),
                repository_def=definitions.get_repository_def(),
                resources={"workspace": Workspace()},
            )
            asked.append(
                [list(one.asset_selection or ()) for one in schedule.evaluate_tick(context).run_requests or ()]
            )
    one = [[AssetKey(["models", "recommendations"])]]
    # Over the end of a month as well, where `*/2` in a cron line would train on the 31st and on the 1st.
    assert asked in ([one, [], one, [], one], [[], one, [], one, []])


def test_drift_asks_for_one_training_until_it_ran(definitions: Definitions) -> None:
    project = Project.open()
    long_ago = (project.clock.now() - timedelta(days=30)).isoformat()
    card = ModelCard("churn", "v1", long_ago, long_ago, [], [], 91, {}, "d", "c", 1)
    ModelRegistry(project.paths.models).save(card, {})
    assert drift_asks(definitions) == []
    settle(project, "drift:", [Finding("drift:scores:churn", "scores of churn drifted")], source="drift")
    (asked,) = drift_asks(definitions)
    assert asked.tags["concierge/causes"] == "drift:scores:churn"
    assert [one.run_key for one in drift_asks(definitions)] == [asked.run_key]
    fresh = project.clock.now().isoformat()
    ModelRegistry(project.paths.models).save(ModelCard("churn", "v2", fresh, fresh, [], [], 91, {}, "d", "c", 1), {})
    assert drift_asks(definitions) == []


def drift_asks(definitions: Definitions) -> list[Any]:
    """What one look of the sensor `drifted_models` asks for."""
    with DagsterInstance.ephemeral() as instance:
        context = build_sensor_context(instance=instance, definitions=definitions, resources={"workspace": Workspace()})
        return list(definitions.resolve_sensor_def("drifted_models").evaluate_tick(context).run_requests or ())
