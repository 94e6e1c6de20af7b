"""Killed at any moment, intake neither loses nor doubles a row, and the next run heals what is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.lake import drafts
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from tests.intake.scene import click, lake_rows, make_project

pytestmark = pytest.mark.system

DAYS, ROWS, KILLS = 28, 2_000, 8
PROGRAM = """
import sys
from pathlib import Path
from intake.ingest import ingest
from tests.intake.scene import contract, make_project
sys.stdout.write("ready\\n"); sys.stdout.flush()
source = contract(format="parquet", personal_data=["name"])
report = ingest(make_project(Path(sys.argv[1])), source, [Path(sys.argv[2])])
sys.stdout.write(report.files[0].state)
"""


def start(folder: Path, file: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "CONCIERGE_KEY": "a key for tests, long enough"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(file)],
        cwd=repository_root(), env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        click(
            f"e{number}",
            at=f"2017-{1 + number % DAYS // 28:02}-{1 + number % 28:02}T10:00:00Z",
            name=f"Person {number}",
        )
        for number in range(ROWS)
    ]
    rows[17]["at"] = "never"
    file = tmp_path_factory.mktemp("input") / "year.parquet"
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file


def test_killed_intake_heals(tmp_path: Path, year: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_KEY", "a key for tests, long enough")
    whole = seconds_of_a_full_run(tmp_path / "timing", year)
    killed = 0
    moments = np.random.default_rng(20170501).uniform(0.05, 1.0, KILLS)
    for kill, moment in enumerate(moments):
        # A folder for each kill: where one run came through, the next would find nothing left to do.
        project = make_project(tmp_path / str(kill))
        child = start(tmp_path / str(kill), year)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(whole * moment)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        if child.returncode == -signal.SIGKILL:
            killed += 1
        else:
            # Busier when the whole was measured than it is now.
            whole /= 2
        assert_all_or_nothing(project.paths, OpsStore(project.paths))
        assert_the_next_run_heals(project, tmp_path / str(kill), year)
    assert killed >= 3, "the kills came too late to mean anything"


def assert_the_next_run_heals(project: Project, folder: Path, year: Path) -> None:
    child = start(folder, year)
    output = child.communicate(timeout=120)[0]
    assert child.returncode == 0
    assert output.split()[-1] in ("ingested", "unchanged")
    store = OpsStore(project.paths)
    assert len(store.batches()) == 1
    rows = lake_rows(project)
    assert len(rows) == len({row["event_id"] for row in rows}) == ROWS - 1
    assert not drafts(project.paths).exists() or not any(drafts(project.paths).rglob("*.parquet"))
    assert len(list(project.paths.lake_events.rglob("*.parquet"))) == len(store.visible_files())


def seconds_of_a_full_run(folder: Path, year: Path) -> float:
    make_project(folder)
    child = start(folder, year)
    assert child.stdout is not None
    child.stdout.readline()
    begun = time.monotonic()
    child.communicate()
    return time.monotonic() - begun


def assert_all_or_nothing(paths: DataPaths, store: OpsStore) -> None:
    batches, files = store.batches(), store.visible_files()
    if not batches:
        assert files == []
        assert store.touched_days() == []
        return
    (batch,) = batches
    assert (batch.rows_read, batch.accepted, batch.quarantined) == (ROWS, ROWS - 1, 1)
    assert sum(file.rows for file in files) == batch.events == ROWS - 1
    for file in files:
        assert pq.read_metadata(paths.root / file.path).num_rows == file.rows
    assert store.touched_days() == sorted({file.event_date for file in files})


def test_two_processes_take_the_same_file_once(tmp_path: Path, year: Path) -> None:
    project = make_project(tmp_path)
    children = [start(tmp_path, year) for _ in range(3)]
    states = sorted(child.communicate(timeout=120)[0].split()[-1] for child in children)
    assert states == ["ingested", "unchanged", "unchanged"]
    assert len(OpsStore(project.paths).batches()) == 1
    assert len(lake_rows(project)) == ROWS - 1
