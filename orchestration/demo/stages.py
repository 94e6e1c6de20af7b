"""Stages of the demo, with their time and their memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from orchestration.cli.progress import Progress
from orchestration.demo.memory import PeakMemory


@dataclass
class Stage:
    """One stage: wall seconds, peak bytes of the process tree, and what it did or did not have to do again."""

    name: str
    seconds: float = 0.0
    peak_bytes: int = 0
    note: str = ""


@dataclass
class StageLog:
    """The stages so far, shown as they end."""

    progress: Progress
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time and measure the block; the block may set the stage's `note`."""
        current = Stage(name)
        self.progress.start(name)
        started = time.perf_counter()
        with PeakMemory() as memory:
            yield current
        current.seconds = time.perf_counter() - started
        current.peak_bytes = memory.peak_bytes
        self._finished(current)

    def started(self, name: str) -> None:
        """A stage that is timed elsewhere begins."""
        self.progress.start(name)

    def add(self, name: str, seconds: float, peak_bytes: int) -> None:
        """Note a stage that was timed elsewhere."""
        self._finished(Stage(name, seconds, peak_bytes))

    def _finished(self, stage: Stage) -> None:
        self.stages.append(stage)
        self.progress.done(stage.name, stage.seconds, stage.peak_bytes, stage.note)

    @property
    def peak_bytes(self) -> int:
        """The largest memory that any stage needed."""
        return max((stage.peak_bytes for stage in self.stages), default=0)
