"""Writing once, completely, and by month."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulation.arrays import DAY_US, timestamps
from simulation.report import SourceReport
from simulation.writer import parameter_hash, read_marker, write_by_month, write_once, write_parquet, write_whole

_START = int(np.datetime64("2017-01-30", "us").astype(np.int64))


def _table(days: int) -> pa.Table:
    received = _START + np.arange(days, dtype=np.int64) * DAY_US
    return pa.table({"received_at": timestamps(received), "number": np.arange(days)})


def _writer(landing: Path, days: int) -> tuple[int, int, tuple[SourceReport, ...]]:
    return _START, _START + days * DAY_US, (write_whole(_table(days), "numbers", landing),)


def test_months_of_arrival_are_split_without_loss(tmp_path: Path) -> None:
    report = write_by_month(_table(40), "numbers", tmp_path)
    assert [file.path for file in report.files] == [f"numbers/2017-0{month}.parquet" for month in (1, 2, 3)]
    assert [file.rows for file in report.files] == [2, 28, 10]
    read = pa.concat_tables([pq.read_table(tmp_path / file.path) for file in report.files])
    assert read.equals(_table(40))
    assert all((tmp_path / file.path).stat().st_size == file.size_bytes for file in report.files)


def test_an_empty_source_has_no_files(tmp_path: Path) -> None:
    assert write_by_month(_table(0), "numbers", tmp_path) == SourceReport("numbers", ())


def test_the_hash_depends_on_every_part() -> None:
    base = parameter_hash("a", 1, np.arange(3))
    assert base == parameter_hash("a", 1, np.arange(3))
    others = [parameter_hash("a", 2, np.arange(3)), parameter_hash("a", 1, np.arange(1, 4)), parameter_hash("b", 1)]
    assert len({base, *others}) == 4


def test_a_second_call_is_unchanged_and_writes_nothing(tmp_path: Path) -> None:
    first = write_once(tmp_path, tmp_path / "t", "h1", lambda: _writer(tmp_path, 3))
    before = (tmp_path / "numbers" / "numbers.parquet").stat().st_mtime_ns

    def refuse() -> tuple[int, int, tuple[SourceReport, ...]]:
        raise AssertionError("written twice")

    again = write_once(tmp_path, tmp_path / "t", "h1", refuse)
    assert (first.state, again.state) == ("written", "unchanged")
    assert again.sources == first.sources
    assert (again.start_date, again.end_date) == ("2017-01-30", "2017-02-02")
    assert (tmp_path / "numbers" / "numbers.parquet").stat().st_mtime_ns == before


def test_other_parameters_replace_the_old_files(tmp_path: Path) -> None:
    write_once(tmp_path, tmp_path / "t", "h1", lambda: _writer(tmp_path, 3))
    (tmp_path / "foreign.txt").write_text("kept")

    def by_month() -> tuple[int, int, tuple[SourceReport, ...]]:
        return _START, _START + DAY_US, (write_by_month(_table(1), "other", tmp_path),)

    assert write_once(tmp_path, tmp_path / "t", "h2", by_month).state == "written"
    assert not (tmp_path / "numbers" / "numbers.parquet").exists()
    assert (tmp_path / "other" / "2017-01.parquet").exists()
    assert (tmp_path / "foreign.txt").read_text() == "kept"


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_damaged_landing_is_written_again(tmp_path: Path, damage: str) -> None:
    write_once(tmp_path, tmp_path / "t", "h1", lambda: _writer(tmp_path, 3))
    file = tmp_path / "numbers" / "numbers.parquet"
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:40])
    assert write_once(tmp_path, tmp_path / "t", "h1", lambda: _writer(tmp_path, 3)).state == "written"
    assert pq.read_table(file).num_rows == 3


def test_an_interrupted_write_is_repeated(tmp_path: Path) -> None:
    def die() -> tuple[int, int, tuple[SourceReport, ...]]:
        _writer(tmp_path, 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_once(tmp_path, tmp_path / "t", "h1", die)
    assert write_once(tmp_path, tmp_path / "t", "h1", lambda: _writer(tmp_path, 3)).state == "written"


def test_no_partial_file_is_left(tmp_path: Path) -> None:
    write_parquet(_table(2), tmp_path / "deep" / "file.parquet")
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["file.parquet"]


def test_a_folder_without_a_marker_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"simulation\.json: not there"):
        read_marker(tmp_path)
