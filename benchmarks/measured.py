"""CPU seconds and memory of a command and everything it starts."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestration.stages import tree_bytes

SAMPLE_SECONDS = 0.2


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system) and peak resident bytes of the process tree."""

    cpu: float
    peak: int

    def __str__(self) -> str:
        """For a line of results."""
        return f"{self.cpu:.1f} CPU s, {self.peak / 1e9:.2f} GB"


def run(command: Sequence[str], environment: Mapping[str, str], beside: int | None = None) -> tuple[Cost, str]:
    """Run to the end; cost and standard output. The memory of the process tree `beside` is counted as well.

    Raises:
        RuntimeError: the command failed; with the end of what it said.
    """
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(SAMPLE_SECONDS):
            held = tree_bytes(process.pid) + (tree_bytes(beside) if beside else 0)
            peak[0] = max(peak[0], held)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    stop.set()
    thread.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}: {said[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, peak[0]), said
