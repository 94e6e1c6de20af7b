"""One `concierge run` at a time on one data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from intake.paths import DataPaths

PATIENCE_SECONDS = 5


class RunInProgressError(RuntimeError):
    """Another process holds the run lock."""


@contextmanager
def run_lock(paths: DataPaths) -> Iterator[None]:
    """Hold `data/run.lock`; the operating system frees it when the process ends, however it ends.

    Raises:
        RunInProgressError: somebody else holds it for longer than `PATIENCE_SECONDS`.
    """
    paths.root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(paths.run_lock, timeout=PATIENCE_SECONDS)
    try:
        lock.acquire()
    except Timeout as error:
        raise RunInProgressError(f"another run holds {paths.run_lock}; try again when it is done") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def quiet(paths: DataPaths) -> Iterator[None]:
    """Neither a run nor an intake is under way, and none begins.

    Raises:
        RunInProgressError: one of them does not end.
    """
    with run_lock(paths):
        try:
            with FileLock(paths.root / "intake.lock", timeout=PATIENCE_SECONDS):
                yield
        except Timeout as error:
            raise RunInProgressError(f"{paths.root}: an intake is under way; try again when it is done") from error
