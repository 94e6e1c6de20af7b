"""The asset as Dagster runs it: measures kept, checks told, alerts opened, a picture drawn."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from dagster import DagsterInstance, materialize

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.assets.accounts import account_address
from orchestration.assets.identity_measures import identity_measures
from orchestration.resources import AS_OF_TAG, Workspace
from orchestration.warehouse import Warehouse

AS_OF = "2017-03-16T00:00:00+00:00"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(tmp_path / "config"))
    found = Project.open()
    warehouse = Warehouse(found.paths.warehouse)
    warehouse.prepare()
    days = [datetime(2017, 3, 15) - timedelta(days=back) for back in range(8)]  # noqa: DTZ001 - naive UTC dates
    rates = pd.DataFrame({"source": "web", "event_date": days, "events": 1000, "matched": [500] + [800] * 7})
    rates = rates.assign(sessions=0, match_rate=rates["matched"] / 1000)
    states = [("profiles", "", 3), ("profiles_by_size", "1", 3), ("identifiers_blocked", "cookie: kiosk", 2)]
    measured = pd.DataFrame(states, columns=["metric", "dimension", "value"]).assign(
        metric_date=pd.Timestamp("2017-03-16")
    )
    with warehouse.connect() as connection:
        connection.execute("create schema marts").fetchall()
        for name, frame in (("match_rate_daily", rates), ("identity_metric_daily", measured)):
            connection.register("incoming", frame)
            connection.execute(f"create table marts.{name} as select * from incoming").fetchall()
    return found


def test_a_run_keeps_tells_and_draws(project: Project) -> None:
    with DagsterInstance.ephemeral() as instance:
        done = materialize(
            [identity_measures],
            instance=instance,
            resources={"workspace": Workspace()},
            tags={AS_OF_TAG: AS_OF},
        )
    assert done.success
    verdicts = {result.check_name: result.passed for result in done.get_asset_check_evaluations()}
    assert verdicts == {"match_rate_jump": False, "quarantined_profiles": True, "blocked_identifiers": False}
    (event,) = done.asset_materializations_for_node("identity__measures")
    assert str(event.metadata["picture"].value).startswith("![Sizes of profiles")
    assert "profiles_by_size" in str(event.metadata["state"].value)
    ops = OpsStore(project.paths)
    assert {alert.cause for alert in ops.list_alerts()} == {"identity:match_rate_jump:web", "identity:blocked"}
    assert [item.value for item in ops.metrics("profiles")] == [3.0]


def test_listed_addresses_are_hashed_into_the_warehouse(project: Project) -> None:
    (project.config / "accounts.yml").write_text("accounts: [{name: Acme, ip_addresses: [8.8.8.0/31]}]\n")
    with DagsterInstance.ephemeral() as instance:
        assert materialize([account_address], instance=instance, resources={"workspace": Workspace()}).success
    rows = Warehouse(project.paths.warehouse).rows("select account_id, domain from identity.account_address")
    assert rows == [("ip:Acme", None)] * 2
