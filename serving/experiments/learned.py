"""What a version tells of experiments: a small file beside the profiles, so that it can change every hour alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from intake.atomic_file import sync
from serving.experiments.definition import ACTIVE, Experiment
from serving.experiments.slots import Ranges, allotted

EXPERIMENTS_FILE = "experiments.json"


class ArmRow(msgspec.Struct, array_like=True, frozen=True):
    """Probability (0 to 1) of one arm in one cell. Segment -1 is everyone, bucket `any` every context."""

    experiment: str
    version: int
    segment_id: int
    context_bucket: str
    arm: str
    probability: float
    table_version: str = ""


class Learned(msgspec.Struct, frozen=True):
    """Experiments as their files have them; by `name/version` the share of its layer that is in force (running ones
    alone) and the part of the layer that it holds; the probabilities of bandits' arms; and who was ended by command."""

    experiments: list[dict[str, Any]] = []
    shares: dict[str, float] = {}
    slots: dict[str, Ranges] = {}
    probabilities: list[ArmRow] = []
    ended: list[str] = []

    def definitions(self) -> list[Experiment]:
        """The experiments."""
        return [Experiment.model_validate(item) for item in self.experiments]


_READ = msgspec.json.Decoder(Learned)


def read_learned(folder: Path) -> Learned:
    """What stands in a version's folder; nothing where the version knows of no experiment.

    Raises:
        msgspec.DecodeError: the file is damaged.
        OSError: it cannot be read.
    """
    path = folder / EXPERIMENTS_FILE
    return _READ.decode(path.read_bytes()) if path.exists() else Learned()


def write_learned(folder: Path, learned: Learned) -> None:
    """Write the file so that it survives a power cut once its folder is synced; nothing for a version without any."""
    if learned.experiments:
        path = folder / EXPERIMENTS_FILE
        path.write_bytes(msgspec.json.encode(learned))
        sync(path)


def learned_of(
    experiments: Sequence[Experiment],
    shares: Mapping[str, float],
    before: Mapping[str, Ranges],
    probabilities: Iterable[ArmRow] = (),
    ended: Iterable[str] = (),
) -> Learned:
    """What to publish.

    Args:
        experiments: all of the registry.
        shares: in force, of those that run; 0 and more.
        before: ranges of the live version.
        probabilities: of experiments of the registry; others are left out.
        ended: by command, whatever their files say.

    Raises:
        LayerFullError: those that run want more of a layer than there is.
    """
    holding = [one for one in experiments if one.key in shares or one.status in ACTIVE]
    named = {one.key for one in experiments}
    return Learned(
        [one.model_dump(mode="json") for one in sorted(experiments, key=lambda one: one.name)],
        {key: shares[key] for key in sorted(shares) if key in named},
        allotted(holding, before),
        [row for row in probabilities if f"{row.experiment}/{row.version}" in named],
        sorted(named.intersection(ended)),
    )


def reworded(live: Learned, experiments: Sequence[Experiment]) -> Learned:
    """The same with the files as they stand now: who ran goes on unless its file says otherwise, and what a command
    ended stays ended."""
    # Of those whose file said running also in a version that does not name who was ended.
    ended = {one.key for one in live.definitions() if one.status == "running"} - live.shares.keys() | {*live.ended}
    shares = {}
    for one in experiments:
        begins = one.status == "running" and one.key not in ended
        if begins or (one.status == "draft" and one.key in live.shares):
            shares[one.key] = live.shares.get(one.key, one.first_share)
    return learned_of(experiments, shares, live.slots, live.probabilities, ended)
