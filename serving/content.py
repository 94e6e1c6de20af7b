"""Placements, policies and experiments of a configuration folder, checked against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from serving.experiments.definition import Experiment
from serving.experiments.files import load_experiments
from serving.placement import Placement
from serving.placement_files import load_placements
from serving.policy import Policy, load_policies
from serving.references import dangling
from serving.yaml_file import ConfigError, read_yaml

Found = TypeVar("Found")


@dataclass(frozen=True)
class Content:
    """What people edit: every placement, every policy and every experiment."""

    placements: list[Placement]
    policies: list[Policy]
    experiments: Sequence[Experiment] = ()


def load_content(config: Path) -> Content:
    """Read `placements/*.yml`, `policies/*.yml` and `experiments/*.yml`; no experiment is needed.

    Raises:
        ConfigError: every mistake found, with file, line, field, value and what is allowed.
    """
    mistakes: list[str] = []
    placements = _collect(load_placements, config / "placements", mistakes)
    policies = _collect(load_policies, config / "policies", mistakes)
    if placements is not None and policies is not None:
        for one in dangling(policies, placements):
            file = read_yaml(config / "policies" / f"{one.policy}.yml")
            mistakes.append(str(file.error(one.location, one.message)))
    experiments = None
    if placements is not None:
        known = placements
        experiments = _collect(lambda folder: load_experiments(folder, known), config / "experiments", mistakes)
    if mistakes or placements is None or policies is None or experiments is None:
        raise ConfigError(mistakes[0], mistakes)
    return Content(placements, policies, experiments)


def _collect(load: Callable[[Path], list[Found]], folder: Path, mistakes: list[str]) -> list[Found] | None:
    try:
        return load(folder)
    except ConfigError as error:
        mistakes += error.mistakes
        return None
