"""A bar while files are taken in: on a terminal only, by files that are done, with the rows read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class IntakeProgress:
    """Call it after each chunk with the file and the rows read of it so far; a context manager around the whole."""

    def __init__(self, files: Sequence[Path], console: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("files, {task.fields[rows]:,} rows"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("taking in", total=len(files), rows=0)
        self._rows: dict[Path, int] = {}

    def __enter__(self) -> IntakeProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, file: Path, rows: int) -> None:
        """Rows of a file so far; the files before it are done."""
        self._rows[file] = rows
        done, read = len(self._rows) - 1, sum(self._rows.values())
        self._bar.update(self._task, description=file.name, completed=done, rows=read)

    @property
    def rows(self) -> int:
        """Rows read so far, over all files."""
        return sum(self._rows.values())
