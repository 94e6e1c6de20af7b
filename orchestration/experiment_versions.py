"""A split is never edited: what goes live is compared with what went live under the same version before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from intake.ops_experiment_versions import LiveVersion, VersionBook
from intake.project import Project
from serving.experiments.definition import Experiment
from serving.experiments.learned import Learned
from serving.experiments.split import Location, split_changes, split_hash
from serving.yaml_file import ConfigError, read_yaml

FOLDER = "experiments"


def require_unedited(project: Project, experiments: Sequence[Experiment]) -> None:
    """No split differs from the one that its version went live with, and no version is older than one that did.

    Raises:
        ConfigError: every edit, with file, line, field, value and what was published.
    """
    mistakes = [str(error) for error in edited_splits(project, experiments)]
    if mistakes:
        raise ConfigError(mistakes[0], mistakes)


def edited_splits(project: Project, experiments: Sequence[Experiment]) -> Iterator[ConfigError]:
    """Every edit of a split, at its place in the file."""
    known = VersionBook(project.paths).live_versions()
    for now in experiments:
        path = project.config / FOLDER / f"{now.name}.yml"
        for location, message in _edits(now, [one for one in known if one.name == now.name]):
            yield _error(path, location, message)


def note_live(project: Project, learned: Learned) -> list[str]:
    """Keep the versions that are live now, running or paused; `name/version` of the new ones."""
    book, new = VersionBook(project.paths), []
    known = {(one.name, one.version): one for one in book.live_versions()}
    for experiment in learned.definitions():
        if experiment.key not in learned.slots:
            continue
        before = known.get((experiment.name, experiment.version))
        kept = _with_gone_arms(experiment, before)
        if before is None or before.content_hash != split_hash(kept):
            content = json.dumps(kept.model_dump(mode="json"), sort_keys=True)
            version = LiveVersion(experiment.name, experiment.version, split_hash(kept), content)
            book.record_live_version(version, project.clock.now())
            new += [] if before else [experiment.key]
    return new


def read_version(version: LiveVersion) -> Experiment | None:
    """The definition as it went live; None where another version of this program wrote it, which nobody can read."""
    try:
        return Experiment.model_validate(json.loads(version.content))
    except (ValidationError, ValueError):
        return None


def _edits(now: Experiment, known: Sequence[LiveVersion]) -> Iterator[tuple[Location, str]]:
    newest = max((one.version for one in known), default=now.version)
    if now.version < newest:
        yield ("version",), f"{now.version}, but version {newest} has been live; allowed: {newest} or higher"
        return
    for one in known:
        before = read_version(one) if one.version == now.version and one.content_hash != split_hash(now) else None
        if before is not None:
            yield from split_changes(before, now)


def _with_gone_arms(now: Experiment, before: LiveVersion | None) -> Experiment:
    """A bandit with the arms that it has lost in flight: should one come back, it has to show the same."""
    known = None if before is None else read_version(before)
    if known is None or now.kind != "bandit":
        return now
    return now.model_copy(update={"arms": {**known.arms, **now.arms}})


def _error(path: Path, location: Location, message: str) -> ConfigError:
    try:
        return read_yaml(path).error(location, message)
    except ConfigError:
        field = ".".join(map(str, location))
        return ConfigError(f"{path}:1: {field}: {message}")
