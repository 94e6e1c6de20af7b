"""What the owners of the experiments do with a verdict: put the winner into every page, or end what brought nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import yaml

from orchestration.experiments.analysis import analyse
from orchestration.experiments.life import Step, ship, stop
from orchestration.experiments.reading import Reading
from orchestration.month.folder import Month
from orchestration.policy.publish_config import publish_config
from simulation.month.planted import DELIVERY, NOTE

ACTOR = "owner of the month"
# The bandit is its own owner; these two are put before people.
JUDGED = (DELIVERY, NOTE)


@dataclass(frozen=True)
class Decided:
    """What was done about an experiment: when, `ship` or `stop`, the arm shipped, and the verdict's sentence."""

    experiment: str
    at: datetime
    step: str
    arm: str
    words: str


@dataclass
class Owners:
    """What was decided so far, and the newest reading of every experiment."""

    decided: dict[str, Decided] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)

    def look(self, month: Month, at: datetime) -> None:
        """Have everything read out, and follow the verdicts."""
        readings = analyse(month.project, at)
        self.readings.update({reading.experiment: reading for reading in readings})
        for reading in self._open(readings):
            if reading.verdict == "ship":
                self._ship(month, reading, at)
            elif reading.verdict in ("stop", "no difference"):
                self._stop(month, reading, at)

    def _open(self, readings: Sequence[Reading]) -> list[Reading]:
        return [one for one in readings if one.experiment in JUDGED and one.experiment not in self.decided]

    def _ship(self, month: Month, reading: Reading, at: datetime) -> None:
        ship(month.project, reading.experiment, reading.arm, Step(ACTOR, reading.words, at))
        action = reading.design.arms[reading.arm].action
        show_to_everybody(month.project.config, reading.design.placement, action)
        publish_config(month.project, ACTOR)
        self.decided[reading.experiment] = Decided(reading.experiment, at, "ship", reading.arm, reading.words)

    def _stop(self, month: Month, reading: Reading, at: datetime) -> None:
        stop(month.project, reading.experiment, Step(ACTOR, reading.words, at))
        self.decided[reading.experiment] = Decided(reading.experiment, at, "stop", "", reading.words)


def show_to_everybody(config: Path, placement: str, action: str) -> None:
    """Edit a placement's file so that the action is what everybody sees without an experiment."""
    file = config / "placements" / f"{placement}.yml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content |= {"fallback": action, "version": content["version"] + 1}
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
