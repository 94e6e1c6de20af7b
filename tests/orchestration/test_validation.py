"""Suites hold on good frames, fail on bad ones, open alerts and render pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from dagster import AssetCheckSeverity, AssetKey

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.checks.docs_index import write_index
from orchestration.checks.suite_checks import judged, report_failures, result
from orchestration.checks.suites import PROFILES, RAW, STAGED, SUITES, Suite
from orchestration.checks.validation import Outcome, validate
from orchestration.warehouse import Warehouse

NOW = datetime(2018, 1, 2, tzinfo=UTC)
GOOD = pd.DataFrame(
    {
        "source": ["till", "web"],
        "event_date": [datetime(2017, 1, 1, tzinfo=UTC).date()] * 2,
        "files": [1, 2],
        "lake_rows": [10, 20],
        "files_with_reversed_times": [0, 0],
        "files_received_before_they_occurred": [0, 0],
    }
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(DataPaths(tmp_path), tmp_path / "config", Settings(), FixedClock(NOW))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Outcome]]:
    docs = tmp_path_factory.mktemp("docs")
    bad = GOOD.assign(lake_rows=[10, 0], source=["till", None])
    return {
        "good": validate(RAW, GOOD, docs),
        "bad": validate(RAW, bad, None),
        "docs": [Outcome(str(docs), "", True, "")],
    }


def test_a_good_frame_passes_every_expectation(outcomes: dict[str, list[Outcome]]) -> None:
    assert [outcome.name for outcome in outcomes["good"]] == [expectation.name for expectation in RAW.expectations]
    assert all(outcome.success for outcome in outcomes["good"])


def test_a_bad_frame_fails_exactly_where_it_is_bad(outcomes: dict[str, list[Outcome]]) -> None:
    failed = {outcome.name: outcome for outcome in outcomes["bad"] if not outcome.success}
    assert set(failed) == {"every source and day has rows", "every file names its source"}
    assert failed["every source and day has rows"].observed == "1 of 2 rows break it"
    assert failed["every source and day has rows"].sample[0]["lake_rows"] == 0


def test_results_render_as_pages(outcomes: dict[str, list[Outcome]]) -> None:
    docs = Path(outcomes["docs"][0].name)
    pages = [page.read_text() for page in (docs / "raw").rglob("*.html")]
    assert (docs / "raw" / "index.html").exists()
    assert any(re.search(r"lake_rows", page) for page in pages)


def test_each_failure_opens_one_alert_that_counts(project: Project, outcomes: dict[str, list[Outcome]]) -> None:
    for _ in range(2):
        report_failures(project, AssetKey(["ops", "lake_file"]), RAW, outcomes["bad"])
    alerts = OpsStore(project.paths).list_alerts("open")
    assert {alert.family.rsplit(":", 1)[1] for alert in alerts} == {
        "every source and day has rows",
        "every file names its source",
    }
    assert {alert.count for alert in alerts} == {2}
    titles = {alert.title for alert in alerts}
    assert any("expected that every source and day has rows, 1 of 2 rows break it" in title for title in titles)
    report_failures(project, AssetKey(["ops", "lake_file"]), RAW, outcomes["good"])
    assert OpsStore(project.paths).list_alerts("open") == []


def test_missing_profiles_block_only_where_somebody_was_known(project: Project) -> None:
    warehouse = Warehouse(project.paths.warehouse)
    warehouse.prepare()
    profiles = Suite("profiles", "", "select 0 as customers", PROFILES.expectations[:1])
    with warehouse.connect() as connection:
        connection.execute("create schema intermediate").fetchall()
        connection.execute("create table intermediate.int_identifier_seen_daily (type varchar)").fetchall()
    assert [(one.success, one.blocking) for one in judged(project, profiles, warehouse)] == [(False, False)]
    with warehouse.connect() as connection:
        connection.execute("insert into intermediate.int_identifier_seen_daily values ('email')").fetchall()
    assert [(one.success, one.blocking) for one in judged(project, profiles, warehouse)] == [(False, True)]


def test_the_check_result_names_what_failed(project: Project, outcomes: dict[str, list[Outcome]]) -> None:
    failed = result(project, RAW, outcomes["bad"])
    assert failed.severity == AssetCheckSeverity.ERROR
    assert not failed.passed
    assert "every source and day has rows: 1 of 2 rows break it" in str(failed.description)
    assert result(project, RAW, outcomes["good"]).passed


def test_the_front_page_keeps_a_line_for_each_suite(tmp_path: Path, outcomes: dict[str, list[Outcome]]) -> None:
    for suite, found in zip(SUITES[:2], (outcomes["good"], outcomes["bad"]), strict=True):
        page = write_index(tmp_path, suite, found, NOW)
    text = page.read_text()
    assert text.count("<td><a href=") == 2
    assert 'class="bad">3 of 5' in text


@pytest.mark.parametrize("suite", [RAW, STAGED], ids=lambda suite: str(suite.name))
def test_days_come_newest_first_so_that_an_alert_is_about_the_same_ones_in_every_run(suite: Suite) -> None:
    days = "(values (date '2017-01-02', 'web'), ('2017-01-04', 'till'), ('2017-01-03', 'web'), ('2017-01-04', 'app'))"
    moments = "min_received_at, max_received_at, occurred_at, received_at"
    figures = "rows, amount, unit_price, quantity, scroll_depth, dwell_ms"
    columns = [f"timestamp '2017-01-05' as {name}" for name in moments.split(", ")]
    columns += [f"1 as {name}" for name in figures.split(", ")]
    columns += ["'e' as event_id", "'x' as event_type"]
    rows = f"select *, {', '.join(columns)} from {days} as days (event_date, source)"
    with duckdb.connect() as connection:
        for schema, table in (("ops", "lake_file"), ("intermediate", "int_events"), ("ops", "run_context")):
            made = "select timestamp '2017-01-06' as as_of" if table == "run_context" else rows
            connection.execute(f"create schema if not exists {schema}").fetchall()
            connection.execute(f"create table {schema}.{table} as {made}").fetchall()
        found: pd.DataFrame = connection.execute(suite.sql).df()
    told = list(zip(found["source"], found["event_date"].dt.day, strict=True))
    assert told == [("app", 4), ("till", 4), ("web", 3), ("web", 2)]


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: str(suite.name))
def test_suites_are_readable_sql_over_named_columns(suite: Suite) -> None:
    columns = [str(e.arguments["column"]) for e in suite.expectations if "column" in e.arguments]
    assert columns
    assert len({e.name for e in suite.expectations}) == len(suite.expectations)
    with duckdb.connect() as connection:
        statements = connection.extract_statements(suite.sql)
    assert len(statements) == 1
    assert all(re.search(rf"\b{column}\b", suite.sql) for column in columns)
