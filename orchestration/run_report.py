"""What a run of the pipeline says about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from orchestration.partitions import DayRange
from orchestration.stages import StageTime

RunState = Literal["done", "nothing_to_do", "training_frames_only", "failed"]


@dataclass
class RunReport:
    """One call of `run_pipeline`: what was done, what did not have to be, and how long it took.

    `notes` are readable lines. `skipped` names what was not done again and why. `failed_step` and `reason` are set
    when the state is `failed`.
    """

    run_id: str
    as_of: datetime
    state: RunState = "done"
    stages: list[StageTime] = field(default_factory=list)
    ranges: list[DayRange] = field(default_factory=list)
    trained: bool = False
    skipped: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    dagster_runs: list[str] = field(default_factory=list)
    snapshot_version: str | None = None
    failed_step: str | None = None
    reason: str | None = None

    @property
    def seconds(self) -> float:
        """Sum of the stages, seconds."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def peak_bytes(self) -> int:
        """Highest memory of any stage, bytes."""
        return max((stage.peak_bytes for stage in self.stages), default=0)

    @property
    def days_built(self) -> int:
        """Days whose tables were rebuilt."""
        return sum(item.days for item in self.ranges)

    def detail(self) -> dict[str, object]:
        """For `ops.run_summary`."""
        return {
            "state": self.state,
            "ranges": [str(item) for item in self.ranges],
            "trained": self.trained,
            "skipped": self.skipped,
            "notes": self.notes,
            "snapshot_version": self.snapshot_version,
            "stages": {stage.name: round(stage.seconds, 2) for stage in self.stages},
            "failed_step": self.failed_step,
            "reason": self.reason,
        }


class RunFailedError(RuntimeError):
    """A run failed; the message is one line (which step, why), the report has the rest."""

    def __init__(self, report: RunReport) -> None:
        super().__init__(f"{report.failed_step}: {report.reason}")
        self.report = report
