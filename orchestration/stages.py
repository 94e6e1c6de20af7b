"""How long each step took and how much memory the process and its children held meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dagster import DagsterEventType, EventLogEntry

# Four looks a second find any peak that lasts; each costs a millisecond.
SAMPLE_SECONDS = 0.25
ENDINGS = {DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE, DagsterEventType.STEP_SKIPPED}

OnStage = Callable[[str, float, int], None]
OnStart = Callable[[str], None]


@dataclass(frozen=True)
class StageTime:
    """One finished step: wall seconds and peak resident bytes of the process tree while it ran (0 = unknown)."""

    name: str
    seconds: float
    peak_bytes: int
    ok: bool


@dataclass
class StageClock:
    """Listens to a run's events and times its steps."""

    on_stage: OnStage | None = None
    on_start: OnStart | None = None
    finished: list[StageTime] = field(default_factory=list)
    _started: dict[str, float] = field(default_factory=dict)
    _peak: int = 0

    def listen(self, entry: EventLogEntry) -> None:
        """Take one event of the run."""
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        if event.event_type == DagsterEventType.STEP_START:
            self._start(event.step_key)
        elif event.event_type in ENDINGS and event.step_key in self._started:
            self._end(event.step_key, event.event_type == DagsterEventType.STEP_SUCCESS)

    def _start(self, name: str) -> None:
        self._peak = tree_bytes(os.getpid())
        self._started[name] = time.monotonic()
        if self.on_start:
            self.on_start(name)

    def _end(self, name: str, ok: bool) -> None:
        stage = StageTime(name, time.monotonic() - self._started.pop(name), self._peak, ok)
        self.finished.append(stage)
        if self.on_stage:
            self.on_stage(stage.name, stage.seconds, stage.peak_bytes)

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Look at the memory in the background until the block ends."""
        stop = threading.Event()
        thread = threading.Thread(target=self._sample, args=(stop,), daemon=True, name="memory-sampler")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _sample(self, stop: threading.Event) -> None:
        while not stop.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, tree_bytes(os.getpid()))


def tree_bytes(process: int) -> int:
    """Resident bytes of a process and its descendants; 0 where there is no /proc."""
    own = _resident(process)
    return own + sum(tree_bytes(child) for child in _children(process))


def _resident(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _children(process: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += map(int, file.read_text().split())
        except (OSError, ValueError):
            continue
    return found
