"""Workers whose parent was killed do not live on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intake.paths import repository_root
from tests.serving.service_client import PATIENCE_SECONDS

WORKER = """
import signal
import time
from serving.parent import end_with_parent

def work():
    # A shell's background and Dagster in the tests' own process leave it ignored.
    signal.signal(signal.SIGTERM, signal.SIG_IGN if {is_deaf} else signal.SIG_DFL)
    end_with_parent(grace_seconds=0.2 if {is_deaf} else 600.0)
    print("ready", flush=True)
    time.sleep(600)
"""
PARENT = """
import multiprocessing
from worker import work

if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=work)
    worker.start()
    print(worker.pid, flush=True)
    worker.join()
"""


@pytest.mark.parametrize("is_deaf", [False, True], ids=["hears SIGTERM", "does not"])
def test_a_worker_ends_when_its_parent_was_killed(is_deaf: bool, tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text(WORKER.format(is_deaf=is_deaf))
    (tmp_path / "parent.py").write_text(PARENT)
    environment = os.environ | {"PYTHONPATH": str(repository_root())}
    words = [sys.executable, str(tmp_path / "parent.py")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert parent.stdout.readline() == "ready\n"
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        end = time.monotonic() + PATIENCE_SECONDS
        while is_alive(worker):
            assert time.monotonic() < end, f"worker {worker} lives on"
            time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
