"""The files of `config/experiments`, with every mistake in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from serving.experiments.checks import mistakes_between, mistakes_in, mistakes_with
from serving.experiments.definition import Experiment
from serving.placement import Placement
from serving.yaml_file import ConfigError, YamlFile, misnamed, read_yaml, yaml_files


def load_experiments(folder: Path, placements: Sequence[Placement]) -> list[Experiment]:
    """Every `*.yml` in `folder`, by name; none where there is no such folder.

    Raises:
        ConfigError: every mistake found, with file, line, field, value and what is allowed.
    """
    by_name = {placement.name: placement for placement in placements}
    mistakes = [str(error) for error in misnamed(folder)]
    found: list[tuple[YamlFile, Experiment]] = []
    for path in yaml_files(folder):
        try:
            file = read_yaml(path)
            experiment = file.parse(Experiment)
        except ConfigError as error:
            mistakes += error.mistakes
            continue
        found.append((file, experiment))
        if experiment.name != path.stem:
            mistakes.append(str(file.error(("name",), f"{experiment.name!r} must equal the file's name {path.stem!r}")))
        wrong = [*mistakes_in(experiment), *mistakes_with(experiment, by_name)]
        mistakes += [str(file.error(location, message)) for location, message in wrong]
    mistakes += [str(error) for error in _between(found)]
    if mistakes:
        raise ConfigError(mistakes[0], mistakes)
    return [experiment for _, experiment in found]


def _between(found: Sequence[tuple[YamlFile, Experiment]]) -> Iterator[ConfigError]:
    files = {experiment.name: file for file, experiment in found}
    for name, location, message in mistakes_between([experiment for _, experiment in found]):
        yield files[name].error(location, message)
