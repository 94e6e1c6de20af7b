"""Peak memory of this process and everything it started, sampled while a stage runs."""

from __future__ import annotations

import os
import threading
from types import TracebackType

from orchestration.stages import SAMPLE_SECONDS, tree_bytes


class PeakMemory:
    """Context manager; afterwards `peak_bytes` is the largest resident size of the process tree that was seen."""

    def __init__(self, process_id: int | None = None) -> None:
        self.peak_bytes = 0
        self._process_id = process_id or os.getpid()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak-memory", daemon=True)

    def __enter__(self) -> PeakMemory:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._look()

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self._look()

    def _look(self) -> None:
        self.peak_bytes = max(self.peak_bytes, tree_bytes(self._process_id))
