"""What was planted is what intake finds: the simulator's truth as the oracle of the door."""

from __future__ import annotations

import pandas as pd
import pytest

from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.report import IngestReport
from intake.scan import scan_locations
from simulation.company import write_company
from simulation.company_config import write_company_config

QUARANTINED = {"clock_days_ahead", "year_2090", "year_1970", "unknown_type", "cut_line"}


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, IngestReport], pd.DataFrame]:
    root = tmp_path_factory.mktemp("door")
    report = write_company(root / "data" / "landing", root / "data" / "truth", 80, 60, 2)
    config = write_company_config(repository_root() / "config", root / "config", report.landing)
    project = Project.open(DataPaths(root / "data"), config)
    names = [source.source for source in report.sources if source.source != "shop"]
    reports = {one.source: one for one in scan_locations(project, [*names, "cj_transactions", "cj_campaigns"])}
    return reports, pd.read_parquet(report.truth / "faults.parquet")


def _planted(faults: pd.DataFrame, source: str, kinds: set[str]) -> int:
    mine = faults[(faults["source"] == source) & faults["fault"].isin(kinds)]
    return mine["event_id"].nunique()


@pytest.mark.parametrize("source", ["sim_web", "sim_email"])
def test_exactly_the_planted_rows_are_quarantined(
    taken_in: tuple[dict[str, IngestReport], pd.DataFrame], source: str
) -> None:
    reports, faults = taken_in
    assert reports[source].total("quarantined") == _planted(faults, source, QUARANTINED) > 0


def test_exactly_the_planted_duplicates_are_found(taken_in: tuple[dict[str, IngestReport], pd.DataFrame]) -> None:
    reports, faults = taken_in
    assert reports["sim_web"].total("duplicate") == _planted(faults, "sim_web", {"duplicate"}) > 0


def test_everything_else_comes_in_whole(taken_in: tuple[dict[str, IngestReport], pd.DataFrame]) -> None:
    reports, _ = taken_in
    clean = ("sim_prices", "sim_stock", "sim_consent", "sim_online_orders_link", "cj_transactions", "cj_campaigns")
    for source in clean:
        assert reports[source].total("accepted") == reports[source].total("rows_read") > 0, source


def test_rows_are_conserved(taken_in: tuple[dict[str, IngestReport], pd.DataFrame]) -> None:
    for report in taken_in[0].values():
        outcomes = ("accepted", "duplicate", "quarantined", "suppressed")
        assert sum(report.total(outcome) for outcome in outcomes) == report.total("rows_read")
