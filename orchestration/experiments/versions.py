"""Which versions of experiments there are: those in the files, and those that were published before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from intake.ops_experiment_versions import VersionBook
from intake.ops_experiments import ExperimentEvent
from intake.project import Project
from orchestration.experiment_versions import read_version
from serving.experiments.definition import Experiment
from serving.experiments.files import load_experiments
from serving.experiments.split import FIXED
from serving.placement_files import load_placements

FOLDER = "experiments"
ENDING = ("stop", "ship")


class UnknownExperimentError(ValueError):
    """An experiment or an arm that does not exist; the message lists those that there are."""


def in_files(project: Project) -> dict[str, Experiment]:
    """The experiments of the configuration by name.

    Raises:
        ConfigError: every mistake in the files.
    """
    placements = load_placements(project.config / "placements")
    return {one.name: one for one in load_experiments(project.config / FOLDER, placements)}


def named(project: Project, name: str) -> Experiment:
    """One experiment of the configuration.

    Raises:
        UnknownExperimentError: no such experiment.
        ConfigError: a mistake in the files.
    """
    found = in_files(project)
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise UnknownExperimentError(
            f"experiment {name!r} does not exist in {project.config / FOLDER}; there are: {known}"
        )
    return found[name]


def every_version(project: Project, files: Mapping[str, Experiment]) -> list[Experiment]:
    """Each version once: as it was first published, else as its file has it; by name and version.

    What was published is what units were drawn by, whatever became of the file since. Status, dates, size and metrics
    of the version in a file are the file's: they do not change who saw what.
    """
    published = published_versions(project)
    versions = {(one.name, one.version): one for one in published}
    for one in files.values():
        before = versions.get((one.name, one.version))
        versions[one.name, one.version] = _as_drawn(one, before) if before else one
    return [versions[key] for key in sorted(versions)]


def published_versions(project: Project) -> list[Experiment]:
    """Versions that were published; one that this program cannot read is left out."""
    found = (read_version(one) for one in VersionBook(project.paths).live_versions())
    return [one for one in found if one is not None]


def _as_drawn(file: Experiment, published: Experiment) -> Experiment:
    """The split that was published, with the file's words about everything else: how to judge, and whether it runs.

    An arm that the file has no more is drawn no more.
    """
    said = {name: getattr(file, name) for name in Experiment.model_fields if name not in {*FIXED, "arms"}}
    arms = {
        name: arm.model_copy(update={"is_paused": name not in file.arms or file.arms[name].is_paused})
        for name, arm in published.arms.items()
    }
    return published.model_copy(update={**said, "arms": arms})


def is_over(design: Experiment, events: Sequence[ExperimentEvent], current: int | None, now: datetime) -> bool:
    """Whether nobody new is drawn: stopped by hand, by its file or by its date.

    Args:
        design: as `every_version` has it.
        events: the steps of its life.
        current: the version that its file has now; None where there is no such file any more.
        now: aware.
    """
    lasting = [event.kind for event in events if event.kind in ("start", "ramp", *ENDING)]
    ended = design.ends_at is not None and design.ends_at <= now
    return design.status == "stopped" or ended or design.version != current or lasting[-1:] in ([e] for e in ENDING)


def has_begun(design: Experiment, events: Sequence[ExperimentEvent], now: datetime) -> bool:
    """Whether it was started: by its file (from `starts_at`) or by command."""
    if any(event.kind in ("start", "ramp") for event in events):
        return True
    return design.status != "draft" and (design.starts_at is None or design.starts_at <= now)
