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

# Killed so many seconds after this store was reported as done: in the middle of the one that follows it.
KILLS = (("lake/", 0.0), ("vault/", 0.02), ("ops.sqlite", 0.3), ("warehouse.duckdb", 0.1), ("published/", 0.01))


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


def killed_after(process: subprocess.Popen[str], store: str, seconds: float) -> bool:
    """Whether the process was killed before it had finished."""
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(f"{store}: "):
                time.sleep(seconds)
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.read()
    return process.returncode == -signal.SIGKILL


def test_kill_at_any_step_and_the_next_call_finishes(tmp_path: Path) -> None:
    project = shop(tmp_path)
    needle = [*needles(project, "ann"), "Ann Lee"]
    for store, seconds in KILLS:
        words = ("--resume",) if OpsStore(project.paths).erasures("open") else ("email", "ann.lee@shop.org", "--yes")
        assert killed_after(start(tmp_path, *words), store, seconds), store
        with pytest.raises(ErasureHalfDoneError):
            publish_tables(project, "v9")
        live = pointer.current(project.paths.snapshots)
        assert live is not None
        verify(project.paths.snapshots / live)
    with start(tmp_path, "--resume") as done:
        output, _ = done.communicate()
    assert done.returncode == 0, output
    assert "nothing was found any more" in output
    assert remains(project.paths.root, needle) == []
    found = Project(DataPaths(project.paths.root), project.config, project.settings, project.clock)
    assert [one.state for one in OpsStore(found.paths).erasures()] == ["done"]
    publish_tables(found, "v9")
    assert remains(project.paths.root, needle) == []
