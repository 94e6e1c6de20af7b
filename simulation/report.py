"""What a simulation wrote, as told to the caller and kept in the marker file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec


class WrittenFile(msgspec.Struct, frozen=True):
    """A landing file: path relative to the landing folder, rows (lines for JSON lines) and bytes."""

    path: str
    rows: int
    size_bytes: int


class SourceReport(msgspec.Struct, frozen=True):
    """One source's files."""

    source: str
    files: tuple[WrittenFile, ...]

    @property
    def rows(self) -> int:
        """Rows in all files, spoilt and repeated ones included."""
        return sum(file.rows for file in self.files)


class Marker(msgspec.Struct, frozen=True):
    """Content of `simulation.json`: what the folder was written from, and what is in it."""

    parameter_hash: str
    start_date: str
    end_date: str
    sources: tuple[SourceReport, ...]


@dataclass(frozen=True)
class SimulationReport:
    """Result of a call: `unchanged` when the same parameters had been written before.

    `end_date` is the first day after the data, the natural start of a project's clock.
    """

    state: Literal["written", "unchanged"]
    landing: Path
    truth: Path
    parameter_hash: str
    start_date: str
    end_date: str
    sources: tuple[SourceReport, ...]

    @property
    def rows(self) -> int:
        """Rows of all sources."""
        return sum(source.rows for source in self.sources)
