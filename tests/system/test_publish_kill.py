"""kill -9 in the middle of publishing: what is live stays whole, and the next publishing goes through."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from intake.clock import WallClock
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings
from orchestration.export import publish_tables, versions
from orchestration.publish import sweep
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer
from serving.snapshot.verify import verify
from tests.serving import sample

pytestmark = pytest.mark.system

KILLS, LONGEST_SECONDS, ORDERS = 12, 0.6, 200_000
PUBLISH_SNAPSHOTS = """
import shutil
import sys
from pathlib import Path
from serving.snapshot import pointer
from tests.serving import sample

root, first = Path(sys.argv[1]), int(sys.argv[2])
sys.stdout.write("ready\\n"); sys.stdout.flush()
for number in range(first, first + 100_000):
    sample.write(root, f"v{number:06}")
    pointer.switch(root, f"v{number:06}")
    for folder in pointer.outdated(root, 3):
        shutil.rmtree(folder)
    sys.stdout.write("published\\n"); sys.stdout.flush()
"""
PUBLISH_TABLES = """
import sys
from pathlib import Path
from intake.clock import WallClock
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.export import publish_tables

root, first = Path(sys.argv[1]), int(sys.argv[2])
project = Project(DataPaths(root), root / "config", Settings(), WallClock())
sys.stdout.write("ready\\n"); sys.stdout.flush()
for number in range(first, first + 100_000):
    publish_tables(project, f"v{number:06}")
    sys.stdout.write("published\\n"); sys.stdout.flush()
"""


def kill_while_publishing(program: str, root: Path, kill: int) -> None:
    """Start publishing versions one after the other, and kill it at a moment that differs from kill to kill.

    Every other time something has been published before: on a busy machine the longest wait may be too short for it.
    """
    arguments = [sys.executable, "-c", program, str(root), str(kill * 100_000)]
    child = subprocess.Popen(arguments, cwd=repository_root(), stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    if kill % 2:
        assert child.stdout.readline() == "published\n"
    time.sleep(LONGEST_SECONDS * (kill + 1) / KILLS)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL


def test_a_killed_snapshot_is_never_live(tmp_path: Path) -> None:
    sample.write(tmp_path, "first")
    pointer.switch(tmp_path, "first")
    lived = set()
    for kill in range(KILLS):
        kill_while_publishing(PUBLISH_SNAPSHOTS, tmp_path, kill)
        live = pointer.current(tmp_path)
        assert live is not None
        assert verify(tmp_path / live).version == live
        lived.add(live)
    assert len(lived) > KILLS // 2, "hardly anything was published between the kills"
    sample.write(tmp_path, "last")
    assert pointer.switch(tmp_path, "last").version == pointer.current(tmp_path) == "last"
    sweep(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir() if folder.is_dir() and folder.name.startswith(".")] == []


def test_a_killed_export_is_never_current(tmp_path: Path) -> None:
    project = Project(DataPaths(tmp_path), tmp_path / "config", Settings(), WallClock())
    warehouse = Warehouse(project.paths.warehouse)
    warehouse.prepare()
    with warehouse.connect() as connection:
        connection.execute("create schema marts").fetchall()
        connection.execute(f"create table marts.fct_order as select range as id from range({ORDERS})").fetchall()
    publish_tables(project, "first")
    lived = set()
    for kill in range(KILLS):
        kill_while_publishing(PUBLISH_TABLES, tmp_path, kill)
        current = project.paths.published / "current"
        with duckdb.connect(str(current / "concierge.duckdb"), read_only=True) as reader:
            assert reader.execute("select count(*) from marts.fct_order").fetchall() == [(ORDERS,)]
        lived.add(current.resolve().name)
    assert len(lived) > 1, "nothing was published between the kills"
    publish_tables(project, "last")
    assert (project.paths.published / "current").resolve().name == "last"
    assert versions(project.paths.published)[-1].name == "last"
    assert list(project.paths.published.glob(".*.partial")) == []
