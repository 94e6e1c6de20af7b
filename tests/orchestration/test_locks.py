"""One run at a time; the lock goes with its process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from intake.paths import DataPaths
from orchestration import locks
from orchestration.locks import RunInProgressError, run_lock

HOLDER = """
import sys
from pathlib import Path
from intake.paths import DataPaths
from orchestration.locks import run_lock
with run_lock(DataPaths(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE_SECONDS", 0.1)


def test_a_second_run_is_told_who_holds_the_lock_until_the_first_is_killed(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(RunInProgressError, match=r"another run holds .*run\.lock"), run_lock(paths):
            pass
        holder.kill()
        holder.wait()
    with run_lock(paths):
        assert paths.run_lock.exists()


def test_a_failed_run_gives_the_lock_back(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    with pytest.raises(ValueError, match="inside"), run_lock(paths):
        raise ValueError("inside")
    with run_lock(paths):
        pass
