"""What intake says about each file it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

FileState = Literal["ingested", "unchanged", "unreadable", "empty"]


@dataclass(frozen=True)
class FileReport:
    """One input file: rows_read = accepted + duplicate + quarantined + suppressed, in source rows.

    `findings` counts rows by what was found on them beside that; `hours_ahead` names a clock in the wrong zone, below
    0 one that is behind; `same_as` the earlier file of another name with the same content.
    """

    path: Path
    state: FileState
    rows_read: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    suppressed: int = 0
    events: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    hours_ahead: float | None = None
    same_as: str = ""
    batch_id: str = ""
    input_hash: str = ""
    message: str = ""


@dataclass(frozen=True)
class IngestReport:
    """All files of one source in one go."""

    source: str
    files: tuple[FileReport, ...]

    def total(self, count: Literal["rows_read", "accepted", "duplicate", "quarantined", "suppressed", "events"]) -> int:
        """Sum of one count over the files."""
        return sum(int(getattr(file, count)) for file in self.files)

    @property
    def failed(self) -> bool:
        """True when files were given and none of them could be read."""
        return bool(self.files) and all(file.state == "unreadable" for file in self.files)
