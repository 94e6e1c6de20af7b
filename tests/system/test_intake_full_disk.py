"""A disk that is full at any step of intake or replay loses and doubles nothing; the next run heals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from intake.lake import drafts
from intake.ops_store import OpsStore
from intake.paths import repository_root
from intake.project import Project
from intake.quarantine import open_rows
from tests.intake.scene import KEY, click, lake_rows, make_project, write_jsonl

pytestmark = pytest.mark.system

DAYS, ROWS, BAD = 6, 1_200, {"type": "teleported"}
PROGRAM = """
import resource, sys
from pathlib import Path
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.replay import replay
from tests.intake.scene import contract, make_project
step, folder, file, limits = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4].split(",")
words = {"personal_data": ["name"]}
if step == "replay":
    words |= {"version": 2, "event_type": {"column": "type", "map": {"teleported": "page_viewed"}}}
for number, limit in enumerate(limits):
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    project = make_project(folder / str(number))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        if step == "replay":
            print("done", [report.accepted for report in replay(project, contract(**words))])
        else:
            print("done", ingest(project, contract(**words), [file]).files[0].state)
    except Exception as error:
        print("failed", type(error).__name__)
"""


def run(step: str, folder: Path, file: Path, limits: list[int]) -> list[str]:
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM, step, str(folder), str(file), ",".join(map(str, limits))],
        cwd=repository_root(), env={**os.environ, "CONCIERGE_KEY": KEY}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    return [line.split()[0] for line in child.stdout.splitlines()]


def assert_accounts(project: Project) -> None:
    store = OpsStore(project.paths)
    for batch in store.batches():
        assert batch.rows_read == batch.accepted + batch.duplicate + batch.quarantined + batch.suppressed
    rows = lake_rows(project)
    assert len(rows) == len({row["event_id"] for row in rows}) == sum(batch.events for batch in store.batches())


def test_a_full_disk_loses_and_doubles_nothing(tmp_path: Path) -> None:
    rows = [
        click(f"e{n}", at=f"2017-05-0{1 + n % DAYS}T10:00:00Z", name=f"Person {n}", **(BAD if n % 3 else {}))
        for n in range(ROWS)
    ]  # fmt: skip
    bad = sum(row["type"] == "teleported" for row in rows)
    file = write_jsonl(tmp_path / "a.jsonl", rows)
    # From "nothing can be written" over the keys, the lake, the quarantine and the vault to the ledger itself.
    limits = [0, 40, 4_000, 12_000, 30_000, 60_000, 110_000, 10**9]
    projects = [make_project(tmp_path / str(number)) for number in range(len(limits))]
    states = run("ingest", tmp_path, file, limits)
    assert states[0] == "failed"
    assert states[-1] == "done"
    assert states.count("failed") >= 4
    for project, state in zip(projects, states, strict=True):
        if project.paths.ops_db.exists() and project.paths.ops_db.stat().st_size:
            assert_accounts(project)
            assert len(OpsStore(project.paths).batches()) == (state == "done")
    assert set(run("ingest", tmp_path, file, [10**9] * len(limits))) == {"done"}
    for project in projects:
        assert len(lake_rows(project)) == ROWS - bad
        assert_accounts(project)

    states = run("replay", tmp_path, file, limits)
    assert (states[0], states[-1]) == ("failed", "done")
    for project in projects:
        assert_accounts(project)
    assert set(run("replay", tmp_path, file, [10**9] * len(limits))) == {"done"}
    for project in projects:
        store = OpsStore(project.paths)
        assert_accounts(project)
        assert sorted(row["event_id"] for row in lake_rows(project)) == sorted(row["id"] for row in rows)
        assert not any(open_rows(project.paths, store, batch) for batch in store.batches())
        assert len(list(project.paths.lake_events.rglob("*.parquet"))) == len(store.visible_files())
        assert not any(drafts(project.paths).rglob("*.parquet"))
