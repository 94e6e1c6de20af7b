"""Killed at any step, an erasure is finished by the next call; what was half done publishes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intake.ops_erasure import ErasureHalfDoneError
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.export import publish_tables
from serving.snapshot import pointer
from serving.snapshot.verify import verify
from tests.orchestration.erasure.shop import needles, remains, shop

pytestmark = pytest.mark.system

# Killed so many seconds after the first store that a call reports as done: in the middle of one that follows it. Where
# that is depends on the machine, and a fast one may be through before the last of them.
KILLS = (0.0, 0.02, 0.15, 0.01, 0.3)
LEAST_KILLS = 3


def start(root: Path, *words: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "CONCIERGE_DATA": str(root / "data"),
        "CONCIERGE_CONFIG": str(root / "config"),
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli.main", "erase", *words],
        cwd=repository_root(), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def killed_after(process: subprocess.Popen[str], seconds: float | None) -> tuple[bool, str]:
    """Whether the process was killed before it had finished, and what it said."""
    with process:
        assert process.stdout is not None
        said = process.stdout.readline()
        if seconds is not None:
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        said += process.stdout.read()
    assert process.returncode in (0, -signal.SIGKILL), said
    return process.returncode == -signal.SIGKILL, said


def test_kill_at_any_step_and_the_next_call_finishes(tmp_path: Path) -> None:
    project = shop(tmp_path)
    needle = [*needles(project, "ann"), "Ann Lee"]
    kills, words = 0, ("email", "ann.lee@shop.org", "--yes")
    for seconds in (*KILLS, None):
        is_killed, output = killed_after(start(tmp_path, *words), seconds)
        if not is_killed:
            break
        kills += 1
        words = ("--resume",) if OpsStore(project.paths).erasures("open") else words
        with pytest.raises(ErasureHalfDoneError):
            publish_tables(project, "v9")
        live = pointer.current(project.paths.snapshots)
        assert live is not None
        verify(project.paths.snapshots / live)
    assert kills >= LEAST_KILLS
    assert "nothing was found any more" in output
    assert remains(project.paths.root, needle) == []
    found = Project(DataPaths(project.paths.root), project.config, project.settings, project.clock)
    assert [one.state for one in OpsStore(found.paths).erasures()] == ["done"]
    publish_tables(found, "v9")
    assert remains(project.paths.root, needle) == []
