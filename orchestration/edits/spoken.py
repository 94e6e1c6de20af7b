"""What a version on disk says: its placements, policies and experiments, and who runs with which share."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from serving.content import Content
from serving.experiments.learned import Learned
from serving.snapshot.reader import SnapshotReader


class Spoken(NamedTuple):
    """Content, and the state of its experiments."""

    content: Content
    learned: Learned


def spoken(folder: Path) -> Spoken:
    """Read a version.

    Raises:
        SnapshotError: it cannot be read.
        ValidationError: an experiment of it is not one to this program.
    """
    with SnapshotReader(folder) as reader:
        content = Content(list(reader.placements.values()), list(reader.policies), reader.learned.definitions())
        return Spoken(content, reader.learned)
