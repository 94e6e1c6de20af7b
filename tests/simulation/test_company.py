"""The small company: the embedded set's own shapes, bounds, speed."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from simulation.company import SHOP_FOLDER, company_frames, write_company
from simulation.embedded import embedded_folder
from simulation.report import SimulationReport

SHOP_FILES = (
    "transactions",
    "products",
    "campaigns",
    "campaign_descriptions",
    "coupons",
    "coupon_redemptions",
    "demographics",
)


@pytest.mark.parametrize("name", SHOP_FILES)
def test_files_have_the_embedded_sets_columns_and_types(company: SimulationReport, name: str) -> None:
    mine = pq.read_schema(company.landing / SHOP_FOLDER / f"{name}.parquet")
    theirs = pq.read_schema(embedded_folder() / f"{name}.parquet")
    assert mine.equals(theirs.remove_metadata())


def test_the_shop_is_part_of_the_report(company: SimulationReport) -> None:
    shop = next(source for source in company.sources if source.source == SHOP_FOLDER)
    assert {Path(file.path).stem for file in shop.files} == set(SHOP_FILES)
    assert len(company.sources) == 9


def test_the_span_is_as_asked(tmp_path: Path) -> None:
    report = write_company(tmp_path / "l", tmp_path / "t", 60, 35, 3, date(2020, 2, 20))
    assert (report.start_date, report.end_date) == ("2020-02-20", "2020-03-26")


def test_the_same_parameters_give_the_same_bytes(tmp_path: Path) -> None:
    first = write_company(tmp_path / "a", tmp_path / "ta", 60, 40, 3)
    second = write_company(tmp_path / "b", tmp_path / "tb", 60, 40, 3)
    for source in first.sources:
        for file in source.files:
            assert (first.landing / file.path).read_bytes() == (second.landing / file.path).read_bytes(), file.path
    assert write_company(tmp_path / "a", tmp_path / "ta", 60, 40, 3).state == "unchanged"
    assert write_company(tmp_path / "a", tmp_path / "ta", 60, 40, 4).state == "written"


def test_a_small_company_takes_less_than_five_seconds(tmp_path: Path) -> None:
    began = time.process_time()
    write_company(tmp_path / "l", tmp_path / "t", 300, 200, 5)
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize(
    ("customers", "days", "message"),
    [
        (49, 60, "customers: 49 is outside 50 to 10000000"),
        (10_000_001, 60, "customers: 10000001 is outside 50 to 10000000"),
        (60, 29, "days: 29 is outside 30 to 400"),
        (60, 401, "days: 401 is outside 30 to 400"),
    ],
)
def test_bounds_are_named(tmp_path: Path, customers: int, days: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_company(tmp_path / "l", tmp_path / "t", customers, days, 1)


def test_truth_may_not_lie_under_the_landing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lies under the landing folder"):
        write_company(tmp_path, tmp_path / "truth", 60, 40, 1)


def test_another_seed_makes_another_company(shop_frames: dict[str, pd.DataFrame]) -> None:
    other = company_frames(400, 180, 12)
    assert not shop_frames["transactions"].equals(other["transactions"])
    assert not shop_frames["products"].equals(other["products"])


def test_the_smallest_company_works(tmp_path: Path) -> None:
    report = write_company(tmp_path / "l", tmp_path / "t", 50, 30, 0)
    assert all(source.rows > 0 for source in report.sources)
