"""Stages of the demo, with their time and their memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from orchestration.demo.memory import PeakMemory

Announce = Callable[[str], None]


@dataclass
class Stage:
    """One stage: `note` is what it did, or did not have to do again."""

    name: str
    seconds: float = 0.0
    peak_bytes: int = 0
    note: str = ""


@dataclass
class StageLog:
    """The stages so far, announced as they end."""

    announce: Announce
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time and measure the block; the block may set the stage's `note`."""
        current = Stage(name)
        self.stages.append(current)
        started = time.perf_counter()
        with PeakMemory() as memory:
            try:
                yield current
            finally:
                current.seconds = time.perf_counter() - started
        current.peak_bytes = memory.peak_bytes
        self.announce(f"  {name:<28} {current.seconds:6.1f} s  {current.note}".rstrip())

    @property
    def seconds(self) -> float:
        """Total time of all stages."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def peak_bytes(self) -> int:
        """The largest memory that any stage needed."""
        return max((stage.peak_bytes for stage in self.stages), default=0)
