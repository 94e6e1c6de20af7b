"""The warehouse opens, waits for its lock, and replaces tables as a whole."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from orchestration.warehouse import Warehouse, WarehouseBusyError, naive_utc, replace_in_parts

HOLDER = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    found = Warehouse(tmp_path / "w.duckdb", patience_seconds=20)
    found.prepare()
    return found


@contextmanager
def _held(path: Path, seconds: float) -> Iterator[None]:
    command = [sys.executable, "-c", HOLDER, str(path), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "held"
        try:
            yield
        finally:
            process.kill()


def _cutoffs(days: list[str], role: str = "train") -> pd.DataFrame:
    return pd.DataFrame({"as_of": pd.to_datetime(days, utc=True), "horizon_days": 7, "role": role, "extra": 1})


def test_a_frame_replaces_all_rows_and_zoned_times_become_utc(warehouse: Warehouse) -> None:
    warehouse.replace({"ops.cutoff": _cutoffs(["2017-01-01", "2017-02-01"])})
    berlin = _cutoffs(["2017-03-01"]).assign(as_of=lambda f: f["as_of"].dt.tz_convert("Europe/Berlin"))
    assert warehouse.replace({"ops.cutoff": berlin}) == {"ops.cutoff": 1}
    assert warehouse.frame("select * from ops.cutoff")["as_of"].tolist() == [pd.Timestamp("2017-03-01")]


def test_an_empty_frame_empties_the_table(warehouse: Warehouse) -> None:
    warehouse.replace({"ops.cutoff": _cutoffs(["2017-01-01"])})
    warehouse.replace({"ops.cutoff": _cutoffs([])})
    assert warehouse.count("ops.cutoff") == 0


def test_a_bad_frame_leaves_every_table_as_it_was(warehouse: Warehouse) -> None:
    warehouse.replace({"ops.cutoff": _cutoffs(["2017-01-01"])})
    frames = {"ops.cutoff": _cutoffs(["2017-05-01"]), "ops.run_context": pd.DataFrame({"wrong": [1]})}
    with pytest.raises(ValueError, match=r"ops\.run_context: the frame lacks as_of; it has wrong"):
        warehouse.replace(frames)
    assert warehouse.frame("select as_of from ops.cutoff")["as_of"].tolist() == [pd.Timestamp("2017-01-01")]


def test_an_unknown_table_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(KeyError, match=r"ops\.nothing"):
        warehouse.replace({"ops.nothing": pd.DataFrame()})


def test_a_missing_table_counts_zero(warehouse: Warehouse, tmp_path: Path) -> None:
    assert warehouse.count("marts.nothing") == 0
    assert not Warehouse(tmp_path / "absent.duckdb").has_table("ops.cutoff")
    assert not (tmp_path / "absent.duckdb").exists()


def test_it_waits_while_another_process_holds_the_file(warehouse: Warehouse) -> None:
    started = time.monotonic()
    with _held(warehouse.path, 1.0):
        assert warehouse.count("ops.cutoff") == 0
        assert time.monotonic() - started > 0.9


def test_it_gives_up_when_patience_ends(warehouse: Warehouse) -> None:
    impatient = Warehouse(warehouse.path, patience_seconds=0.2)
    with _held(warehouse.path, 60), pytest.raises(WarehouseBusyError, match="held by another process"):
        impatient.count("ops.cutoff")


def test_what_is_no_lock_error_is_raised_at_once(tmp_path: Path) -> None:
    file = tmp_path / "garbage.duckdb"
    file.write_bytes(b"this is not a database" * 1000)
    with pytest.raises(duckdb.Error, match="not a valid DuckDB"):
        Warehouse(file).frame("select 1")


def test_naive_columns_stay_as_they_are() -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["2017-01-01"]), "n": [1]})
    pd.testing.assert_frame_equal(naive_utc(frame), frame)


def test_parts_replace_a_table_together_or_not_at_all(warehouse: Warehouse) -> None:
    def broken() -> Iterator[pa.Table]:
        yield pa.Table.from_pandas(_cutoffs(["2017-03-01"]))
        raise RuntimeError("half way")

    with warehouse.connect() as connection:
        parts = (pa.Table.from_pandas(_cutoffs([day])) for day in ("2017-01-01", "2017-02-01"))
        assert replace_in_parts(connection, "ops.cutoff", parts) == 2
    with pytest.raises(RuntimeError, match="half way"), warehouse.connect() as connection:
        replace_in_parts(connection, "ops.cutoff", broken())
    assert warehouse.count("ops.cutoff") == 2
