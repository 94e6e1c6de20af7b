"""The experiments that run, and which surface harm of one of their arms stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intake.pause_records import Look, Verdict, arm_scope
from intake.settings_pausing import PausingSettings
from orchestration.pausing.merging import Finding
from serving.experiments.definition import Experiment


@dataclass(frozen=True)
class Bench:
    """Running experiments by name and version, the arms that are paused, the settings, and the placements there are."""

    running: Mapping[tuple[str, int], Experiment]
    paused: frozenset[tuple[str, int, str]]
    settings: PausingSettings
    placements: frozenset[str] = frozenset()

    @property
    def served(self) -> frozenset[str]:
        """What experiments show now: `name/version/arm`, and `name/version/` for their holdouts."""
        found = {f"{one.key}/" for one in self.running.values()}
        for one in self.running.values():
            found |= {f"{one.key}/{name}" for name, arm in one.arms.items() if arm.is_plain or self._draws(one, name)}
        return frozenset(found)

    def stopped_by(self, experiment: Experiment, arm: str) -> str:
        """What harm of one arm pauses: the arm where others go on beside the plain one, else the placement."""
        others = [name for name, one in experiment.arms.items() if not one.is_plain and self._draws(experiment, name)]
        if experiment.kind != "shadow" and any(name != arm for name in others):
            return arm_scope(experiment.name, experiment.version, arm)
        own = arm_scope(experiment.name, experiment.version, arm)
        return own if (experiment.name, experiment.version, arm) in self.paused else experiment.placement

    def _draws(self, experiment: Experiment, arm: str) -> bool:
        """Whether an arm is paused neither by its file nor by a look or a person."""
        is_paused = (experiment.name, experiment.version, arm) in self.paused
        return not experiment.arms[arm].is_paused and not is_paused


def finding_of(
    bench: Bench, experiment: Experiment, arm: str, metric: str, state: str, told: str, evidence: Mapping[str, object]
) -> Finding:
    """One state of an arm and a metric (`harm`, `safe`, else open) as a look at what it stops."""
    surface = bench.stopped_by(experiment, arm)
    verdict: Verdict = "breach" if state == "harm" else "healthy" if state == "safe" else "silent"
    subject = f"{experiment.key}/{arm}/{metric}"
    return Finding(Look(surface, "guard_rail", verdict, told, {subject: evidence}, (subject,)))
