"""Experiments of a version, ready to take part in: by placement, with their cells of probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from serving.experiments.buckets import BUCKETS, bucket
from serving.experiments.definition import Experiment
from serving.experiments.learned import ArmRow, Learned
from serving.experiments.slots import Ranges, position

EVERYONE, ANY_CONTEXT = -1, "any"


class Cell(NamedTuple):
    """Probabilities of the arms in one cell, and the table they come from."""

    row: Mapping[str, float]
    table_version: str


@dataclass(frozen=True)
class Trial:
    """One running experiment. `share` is the part of the layer in force, `ranges` what it holds when it has grown."""

    experiment: Experiment
    share: float
    ranges: Ranges
    cells: Mapping[tuple[int, str], Cell]

    def takes(self, unit: str) -> bool:
        """Whether a unit's bucket of the layer lies in the part in force; who was in stays in while it grows."""
        found = position(self.ranges, bucket(f"layer/{self.experiment.layer}", unit))
        return found is not None and found < round(self.share * BUCKETS)

    def runs_at(self, now: datetime) -> bool:
        """Whether anybody takes part now."""
        return self.share > 0 and self.experiment.runs_at(now)

    def cell(self, segment_id: int | None, context_bucket: str) -> Cell | None:
        """The most specific cell; None where nothing has been learned."""
        segments = (EVERYONE,) if segment_id is None else (segment_id, EVERYONE)
        for segment in segments:
            for context in (context_bucket, ANY_CONTEXT):
                if (found := self.cells.get((segment, context))) is not None:
                    return found
        return None


class Trials:
    """All experiments of a version that run."""

    def __init__(self, learned: Learned) -> None:
        cells = _cells(learned.probabilities)
        self.by_key: dict[str, Trial] = {}
        self.serving: dict[str, list[Trial]] = {}
        self.shadows: dict[str, list[Trial]] = {}
        for experiment in learned.definitions() if learned.shares else ():
            if experiment.key in learned.shares:
                self._add(experiment, learned, cells.get(experiment.key, {}))
        self.remembering = frozenset(key for key, one in self.by_key.items() if one.experiment.kind != "shadow")

    def arms_showing(self, placement: str, action: str) -> dict[str, frozenset[str]]:
        """By `name/version` the arms of a placement's experiments that show an action; "" is their holdout."""
        found = {}
        for trial in self.serving.get(placement, ()):
            arms = {name for name, arm in trial.experiment.arms.items() if arm.action == action}
            if arms:
                found[trial.experiment.key] = frozenset(arms | ({""} if trial.experiment.plain_arm in arms else set()))
        return found

    def _add(self, experiment: Experiment, learned: Learned, cells: Mapping[tuple[int, str], Cell]) -> None:
        ranges = [(start, end) for start, end in learned.slots.get(experiment.key, [])]
        trial = self.by_key[experiment.key] = Trial(experiment, learned.shares[experiment.key], ranges, cells)
        side = self.shadows if experiment.kind == "shadow" else self.serving
        side.setdefault(experiment.placement, []).append(trial)


def _cells(rows: Iterable[ArmRow]) -> dict[str, dict[tuple[int, str], Cell]]:
    found: dict[str, dict[tuple[int, str], tuple[dict[str, float], str]]] = {}
    for row in rows:
        cell = found.setdefault(f"{row.experiment}/{row.version}", {}).setdefault(
            (row.segment_id, row.context_bucket), ({}, row.table_version)
        )
        cell[0][row.arm] = row.probability
    return {key: {place: Cell(*cell) for place, cell in cells.items()} for key, cells in found.items()}
