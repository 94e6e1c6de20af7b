"""Peak memory of a process tree."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orchestration.demo.memory import PeakMemory

MEGABYTE = 1_000_000
linux_only = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")  # noqa: PTH110


@linux_only
def test_memory_that_was_given_back_is_still_in_the_peak() -> None:
    with PeakMemory() as idle:
        pass
    with PeakMemory() as memory:
        block = bytearray(b"x" * (200 * MEGABYTE))
        memory._look()
        size = len(block)
        del block
    assert memory.peak_bytes - idle.peak_bytes > 0.8 * size


@linux_only
def test_children_count() -> None:
    code = "b = bytearray(b'x' * 150_000_000); print('ready', flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    with child, PeakMemory() as memory:
        child.stdout.readline()
        memory._look()
        child.stdin.close()
    assert memory.peak_bytes > 150 * MEGABYTE
