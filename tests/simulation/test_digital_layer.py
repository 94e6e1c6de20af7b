"""The whole layer: same seed same bytes, counts as reported, refusals."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from simulation.digital_layer import write_digital_layer
from simulation.report import SimulationReport


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module")
def first(shop_frames: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    root = tmp_path_factory.mktemp("layer")
    return write_digital_layer(
        shop_frames["transactions"], shop_frames["products"], root / "landing", root / "truth", 11
    )


def test_the_same_seed_gives_the_same_bytes(
    first: SimulationReport, shop_frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    write_digital_layer(shop_frames["transactions"], shop_frames["products"], tmp_path / "l", tmp_path / "t", 11)
    assert _hashes(tmp_path / "l") == _hashes(first.landing)
    assert _hashes(tmp_path / "t") == _hashes(first.truth)


def test_another_seed_differs_in_every_simulated_source(
    first: SimulationReport, shop_frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    write_digital_layer(shop_frames["transactions"], shop_frames["products"], tmp_path / "l", tmp_path / "t", 12)
    mine, other = _hashes(first.landing), _hashes(tmp_path / "l")
    assert all(mine[name] != other[name] for name in mine.keys() & other.keys())


def test_files_hold_the_rows_reported(first: SimulationReport) -> None:
    for source in first.sources:
        for file in source.files:
            path = first.landing / file.path
            rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else len(path.read_text().splitlines())
            assert rows == file.rows, file.path
    assert first.rows == sum(source.rows for source in first.sources)
    written = {file.path for source in first.sources for file in source.files} | {"simulation.json"}
    assert written == set(_hashes(first.landing))


def test_the_eight_sources_are_written(first: SimulationReport) -> None:
    names = ("web", "email", "lists", "online_orders_link", "prices", "stock", "consent", "incentives")
    assert {source.source for source in first.sources} == {f"sim_{name}" for name in names}


def test_a_second_call_is_unchanged_and_quick(first: SimulationReport, shop_frames: dict[str, pd.DataFrame]) -> None:
    began = time.process_time()
    again = write_digital_layer(shop_frames["transactions"], shop_frames["products"], first.landing, first.truth, 11)
    assert time.process_time() - began < 1.0
    assert (again.state, again.rows) == ("unchanged", first.rows)


def test_truth_may_not_lie_under_the_landing(shop_frames: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"truth: .* lies under the landing folder"):
        write_digital_layer(shop_frames["transactions"], shop_frames["products"], tmp_path, tmp_path / "truth", 1)
    assert not (tmp_path / "truth").exists()


def test_missing_columns_are_named_before_anything_is_written(
    shop_frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    lines = shop_frames["transactions"].drop(columns="basket_id")
    with pytest.raises(ValueError, match=r"transactions: columns \['basket_id'\] are missing"):
        write_digital_layer(lines, shop_frames["products"], tmp_path / "l", tmp_path / "t", 1)
    assert not (tmp_path / "t").exists()
