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
    """Running experiments by name and version, the arms that are paused, and the settings."""

    running: Mapping[tuple[str, int], Experiment]
    paused: frozenset[tuple[str, int, str]]
    settings: PausingSettings

    def stopped_by(self, experiment: Experiment, arm: str) -> str:
        """What harm of one arm pauses: the arm where others go on beside the plain one, else the placement."""
        others = [
            name
            for name, one in experiment.arms.items()
            if not one.is_plain and not one.is_paused and (experiment.name, experiment.version, name) not in self.paused
        ]
        if experiment.kind != "shadow" and any(name != arm for name in others):
            return arm_scope(experiment.name, experiment.version, arm)
        own = arm_scope(experiment.name, experiment.version, arm)
        return own if (experiment.name, experiment.version, arm) in self.paused else experiment.placement


def finding_of(
    bench: Bench, experiment: Experiment, arm: str, metric: str, state: str, told: str, evidence: Mapping[str, object]
) -> Finding:
    surface = bench.stopped_by(experiment, arm)
    verdict: Verdict = "breach" if state == "harm" else "healthy" if state == "safe" else "silent"
    subject = f"{experiment.key}/{arm}/{metric}"
    return Finding(Look(surface, "guard_rail", verdict, told, {subject: evidence}, (subject,)))
