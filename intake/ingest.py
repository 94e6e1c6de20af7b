"""Takes files in: each becomes one batch that is in the lake completely or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from intake.contract import SourceContract
from intake.door import Door, Progress
from intake.lake import sweep_drafts
from intake.project import Project
from intake.report import IngestReport


def ingest(
    project: Project, contract: SourceContract, inputs: Sequence[Path], on_progress: Progress | None = None
) -> IngestReport:
    """Validate files against a contract and land their events in the lake.

    A file that was taken in before, under the same contract, adds nothing. Files are taken one after the other
    under a lock of the data folder; being killed at any point loses and doubles nothing.

    Raises:
        KeyProblem: the identifier key is missing or too short.
        VocabularyError: `event_types.yml` is missing or malformed.
    """
    project.paths.root.mkdir(parents=True, exist_ok=True)
    with FileLock(project.paths.root / "intake.lock"):
        sweep_drafts(project.paths)
        door = Door(project, contract, on_progress)
        return IngestReport(contract.name, tuple(door.take_in(file) for file in inputs))
