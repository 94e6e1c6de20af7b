"""Progress by stage: a spinner on a terminal, plain lines anywhere else."""

from __future__ import annotations

from types import TracebackType

from rich.status import Status

from orchestration.cli.console import out

NAME_WIDTH = 44


class Progress:
    """Says what runs now and, when it ends, how long it took.

    Use as a context manager; `start` and `done` may be called from any thread, in any order of names.
    """

    def __init__(self) -> None:
        self._console = out()
        self._status: Status | None = self._console.status("…") if self._console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def start(self, name: str) -> None:
        """A stage begins."""
        if self._status:
            self._status.update(f"{name} …")

    def done(self, name: str, seconds: float, peak_bytes: int = 0, note: str = "") -> None:
        """A stage has ended; `peak_bytes` 0 means not known."""
        memory = f"{peak_bytes / 1e9:5.2f} GB" if peak_bytes else " " * 8
        self.line(f"  {name:<{NAME_WIDTH}} {seconds:6.1f} s  {memory}  {note}")

    def line(self, text: str) -> None:
        """Print one line above the spinner."""
        self._console.print(text.rstrip(), soft_wrap=True)
