"""kill -9 in the middle of publishing: what is live stays whole, and the next publishing goes through."""

from __future__ import annotations

import os
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
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer
from serving.snapshot.building import sweep
from serving.snapshot.verify import verify
from tests.serving import sample

pytestmark = pytest.mark.system

KILLS, LONGEST_SECONDS, ORDERS = 12, 0.6, 200_000
PUBLISH_SNAPSHOTS = """
import shutil
from pathlib import Path
from serving.snapshot import pointer
from serving.snapshot.building import sweep
from tests.serving import sample

def publish(root, version):
    sample.write(root, version)
    pointer.switch(root, version)
    for folder in pointer.outdated(root, 3):
        shutil.rmtree(folder)
"""
PUBLISH_TABLES = """
from pathlib import Path
from intake.clock import WallClock
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.export import publish_tables

def publish(root, version):
    publish_tables(Project(DataPaths(root), root / "config", Settings(), WallClock()), version)
"""
# Whoever publishes is a fork, so that the imports are paid once and not for each kill.
FORKS = """
import os
import sys

for first in map(int, sys.stdin):
    process = os.fork()
    if not process:
        print("ready", os.getpid(), flush=True)
        for number in range(first, first + 100_000):
            publish(Path(sys.argv[1]), f"v{number:06}")
            print("published", flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


def publisher(program: str, root: Path) -> subprocess.Popen[str]:
    """Publishes into `root` in a fork for each number that it is told."""
    command = [sys.executable, "-c", program + FORKS, str(root)]
    return subprocess.Popen(command, cwd=repository_root(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def kill_while_publishing(parent: subprocess.Popen[str], kill: int) -> None:
    """Start publishing versions one after the other, and kill it at a moment that differs from kill to kill.

    Every other time something has been published before: on a busy machine the longest wait may be too short for it.
    """
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(f"{kill * 100_000}\n")
    parent.stdin.flush()
    ready, process = parent.stdout.readline().split()
    assert ready == "ready"
    try:
        if kill % 2:
            assert parent.stdout.readline() == "published\n"
        time.sleep(LONGEST_SECONDS * (kill + 1) / KILLS)
    finally:
        os.kill(int(process), signal.SIGKILL)
    assert next(line for line in parent.stdout if line.startswith("ended")) == f"ended {-signal.SIGKILL}\n"


def test_a_killed_snapshot_is_never_live(tmp_path: Path) -> None:
    sample.write(tmp_path, "first")
    pointer.switch(tmp_path, "first")
    lived = set()
    with publisher(PUBLISH_SNAPSHOTS, tmp_path) as parent:
        for kill in range(KILLS):
            kill_while_publishing(parent, kill)
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
    current = project.paths.published / "current"
    with publisher(PUBLISH_TABLES, tmp_path) as parent:
        for kill in range(KILLS):
            kill_while_publishing(parent, kill)
            with duckdb.connect(str(current / "concierge.duckdb"), read_only=True) as reader:
                assert reader.execute("select count(*) from marts.fct_order").fetchall() == [(ORDERS,)]
            lived.add(current.resolve().name)
    assert len(lived) > 1, "nothing was published between the kills"
    publish_tables(project, "last")
    assert (project.paths.published / "current").resolve().name == "last"
    assert versions(project.paths.published)[-1].name == "last"
    assert list(project.paths.published.glob(".*.partial")) == []
