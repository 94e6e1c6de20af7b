"""What the experiments' files say that learning needs: windows, arms and how each bandit learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from intake.ops_store import OpsStore
from intake.project import Project
from ml.bandit import BanditSettings
from orchestration.experiments.design import learns_values
from serving.experiments.definition import Experiment
from serving.experiments.files import load_experiments
from serving.placement import Placement
from serving.placement_files import load_placements

MICROS = 1_000_000
ARM_COLUMNS = ["experiment", "experiment_version", "arm", "is_paused", "fixed_share", "exposure_cost_micros"]


@dataclass(frozen=True)
class Registry:
    """The experiments as their files stand."""

    windows: Mapping[tuple[str, int], int]
    bandits: Sequence[Experiment]
    arms: pd.DataFrame
    settings: Mapping[str, BanditSettings]


def read_registry(project: Project) -> Registry:
    """Windows of all experiments, arms and settings of the bandits that are not stopped.

    Raises:
        ConfigError: every mistake in the files.
    """
    placements = load_placements(project.config / "placements")
    experiments = load_experiments(project.config / "experiments", placements)
    bandits = [item for item in experiments if item.kind == "bandit" and item.status != "stopped"]
    paused = OpsStore(project.paths).paused_arms()
    by_name = {placement.name: placement for placement in placements}
    arms = [row for item in bandits for row in _arms(item, by_name[item.placement], paused)]
    return Registry(
        windows={(item.name, item.version): item.attribution_hours for item in experiments},
        bandits=bandits,
        arms=pd.DataFrame(arms, columns=ARM_COLUMNS),
        settings={item.name: _settings(item, project.settings.seed) for item in bandits},
    )


def _arms(
    experiment: Experiment, placement: Placement, paused: frozenset[tuple[str, int, str]]
) -> list[tuple[str, int, str, bool, float | None, int]]:
    total = sum(arm.share for arm in experiment.arms.values())
    costs = {action.name: action.cost for action in placement.actions}
    return [
        (
            experiment.name,
            experiment.version,
            name,
            arm.is_paused or (experiment.name, experiment.version, name) in paused,
            # The plain arm keeps its share: what the others are measured against is not learned away.
            arm.share / total if arm.is_plain else None,
            round(costs.get(arm.action, 0.0) * MICROS),
        )
        for name, arm in experiment.arms.items()
    ]


def _settings(experiment: Experiment, seed: int) -> BanditSettings:
    objective = experiment.objective
    return BanditSettings(
        metric=objective.metric,
        lower_is_better=objective.lower_is_better,
        weights=dict(objective.weights) or None,
        floor=experiment.floor,
        least_units=experiment.least_units,
        seed=seed,
        # The first score after a window is that of the next daily run.
        value_hours=experiment.attribution_hours + 24 if learns_values(experiment) else 0,
    )
