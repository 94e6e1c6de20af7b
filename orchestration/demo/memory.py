"""Peak memory of this process and everything it started, sampled while a stage runs."""

from __future__ import annotations

import os
import resource
import sys
import threading
from pathlib import Path
from types import TracebackType

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# A stage lasts seconds; ten samples a second see every plateau and cost under 1 % of a core.
SAMPLE_SECONDS = 0.1


class PeakMemory:
    """Context manager; afterwards `peak_bytes` is the largest resident size of the process tree that was seen.

    Without `/proc` (macOS) the kernel's own high-water mark of this process is given instead.
    """

    def __init__(self, process_id: int | None = None) -> None:
        self.peak_bytes = 0
        self._process_id = process_id or os.getpid()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak-memory", daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, tree_bytes(self._process_id))
            if self._stop.wait(SAMPLE_SECONDS):
                return


def tree_bytes(process_id: int) -> int:
    """Resident bytes of a process and all its descendants."""
    if not Path("/proc/self/statm").exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return sum(_resident_bytes(member) for member in [process_id, *descendants(process_id)])


def descendants(process_id: int) -> list[int]:
    """Process ids of all children, their children, and so on; those that end meanwhile are left out."""
    found: list[int] = []
    waiting = [process_id]
    while waiting:
        children = _children(waiting.pop())
        found.extend(children)
        waiting.extend(children)
    return found


def _children(process_id: int) -> list[int]:
    try:
        threads = list(Path(f"/proc/{process_id}/task").iterdir())
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:
        return []


def _resident_bytes(process_id: int) -> int:
    try:
        return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0
