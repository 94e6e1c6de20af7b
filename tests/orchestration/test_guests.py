"""A shop that never knew anybody publishes with one warning; one that lost its profiles stops."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import AssetCheckSeverity, AssetKey

from intake.clock import FixedClock
from intake.ops_records import Alert
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.checks.guests import without_guests
from orchestration.checks.house_checks import known_enough
from orchestration.checks.suite_checks import report_failures, result
from orchestration.checks.suites import PROFILES, PUBLISHED, Suite
from orchestration.checks.validation import Outcome
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, running

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
Shop = tuple[Project, Warehouse]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse file of a shop whose events name nobody."""
    warehouse = Warehouse(tmp_path_factory.mktemp("prepared") / "warehouse.duckdb")
    warehouse.prepare()
    _run(warehouse, "create schema intermediate", "create table intermediate.int_identifier_seen_daily (type varchar)")
    return warehouse.path


@pytest.fixture
def shop(prepared: Path, tmp_path: Path) -> Shop:
    """A project and its own copy of that warehouse."""
    project = Project(DataPaths(tmp_path), tmp_path / "config", Settings(), FixedClock(NOW))
    return project, Warehouse(shutil.copy(prepared, project.paths.warehouse))


def _run(warehouse: Warehouse, *statements: str) -> None:
    with warehouse.connect() as connection:
        for statement in statements:
            connection.execute(statement).fetchall()


def _judged(shop: Shop, suite: Suite, customers: int) -> list[Outcome]:
    """What a suite says of so many customers, of whom everything else holds."""
    project, warehouse = shop
    counted = [customers > 0 or one.arguments.get("column") != "customers" for one in suite.expectations]
    found = [
        Outcome(one.name, one.kind, holds, f"observed {customers}")
        for one, holds in zip(suite.expectations, counted, strict=True)
    ]
    return without_guests(found, warehouse, project.paths.snapshots)


def _stops(shop: Shop) -> list[bool]:
    project, _ = shop
    verdicts = [result(project, suite, _judged(shop, suite, 0)) for suite in (PROFILES, PUBLISHED)]
    return [not verdict.passed and verdict.severity == AssetCheckSeverity.ERROR for verdict in verdicts]


def _seen(kind: str) -> Callable[[Shop], None]:
    return lambda shop: _run(shop[1], f"insert into intermediate.int_identifier_seen_daily values ('{kind}')")


def _in_ledger(key: int) -> Callable[[Shop], None]:
    return lambda shop: _run(
        shop[1],
        "insert into identity.identifier (identifier_key, type, value_hash, first_seen_at, last_seen_at,"
        f" degree_by_type, status) values ({key}, 'email', 'h', now(), now(), '{{}}', 'x')",
    )


def _version(of_whom: int) -> Callable[[Shop], None]:
    def write(shop: Shop) -> None:
        root = shop[0].paths.snapshots
        sample.write(root, profiles=sample.profiles()[:of_whom], identifiers=[])
        pointer.switch(root, "v1")

    return write


def _unreadable(shop: Shop) -> None:
    _version(0)(shop)
    (shop[0].paths.snapshots / "v1" / "manifest.json").unlink()


def _nothing(shop: Shop) -> None:
    pass


@pytest.mark.parametrize(
    "before",
    [_nothing, _seen("ip"), _in_ledger(-5), _version(0)],
    ids=["never anybody", "addresses only", "erased", "published before"],
)
def test_a_shop_of_guests_alone_goes_on(shop: Shop, before: Callable[[Shop], None]) -> None:
    before(shop)
    assert _stops(shop) == [False, False]


@pytest.mark.parametrize(
    "before",
    [_seen("email"), _in_ledger(5), _version(1), _unreadable],
    ids=["in an event", "in the ledger", "in a version", "perhaps in a version"],
)
def test_profiles_that_went_missing_stop_the_run(shop: Shop, before: Callable[[Shop], None]) -> None:
    before(shop)
    assert _stops(shop) == [True, True]


def test_what_else_is_wrong_stops_guests_too(shop: Shop) -> None:
    project, warehouse = shop
    broken = [Outcome("every customer has one profile", "x", False, "observed 2")]
    assert without_guests(broken, warehouse, project.paths.snapshots) == broken


def test_guests_are_one_warning_until_the_first_profile(shop: Shop) -> None:
    def hour(customers: int) -> list[Alert]:
        for suite, asset in ((PROFILES, "customer_features"), (PUBLISHED, "decision_table")):
            report_failures(shop[0], AssetKey(["marts", asset]), suite, _judged(shop, suite, customers))
        return OpsStore(shop[0].paths).standing_alerts()

    hour(0)
    (alert,) = hour(0)
    assert (alert.severity, alert.count) == ("warning", 2)
    assert "no event names anybody, so everybody is answered alike" in alert.title
    _seen("email")(shop)
    assert hour(1) == []
    assert {one.severity for one in hour(0)} == {"critical"}


def test_guests_alone_have_no_match_rate_to_fall(shop: Shop) -> None:
    project, warehouse = shop
    table = "create table marts.match_rate_daily as select 9 as events, 0 as matched"
    _run(warehouse, "create schema if not exists marts", table)
    assert known_enough(warehouse, project.paths.snapshots, 0.6).passed
    _seen("cookie")(shop)
    assert not known_enough(warehouse, project.paths.snapshots, 0.6).passed


def test_guests_are_answered_with_what_sells(tmp_path: Path) -> None:
    sample.write(tmp_path / "snapshots", profiles=[], identifiers=[], totals={"customers": 0})
    pointer.switch(tmp_path / "snapshots", "v1")

    async def ask() -> list[str]:
        async with running(config(tmp_path)) as client:
            body = {"identifiers": [{"type": "email", "value": "x"}], "placements": ["product_recommendation"]}
            answer = (await client.post("/v1/decide", json=body)).json()["decisions"][0]
            return [item["product_id"] for item in answer["content"]["items"]]

    assert asyncio.run(ask()) == ["p5", "p1", "p2"]
