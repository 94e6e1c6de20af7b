"""The counts of every worker as files, `service_log/metrics/<worker>.json`: for the other workers, and for runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import msgspec

from serving.metrics.histogram import added, quantile
from serving.metrics.worker import DAYS_KEPT, Counted

FOLDER = "metrics"
WRITE_SECONDS = 5.0
# A worker that has not written for so long is gone or stands still; its counts are history.
FRESH_SECONDS = 4 * WRITE_SECONDS
_DECODE = msgspec.json.Decoder(Counted)


def write(service_log: Path, counted: Counted) -> None:
    """Replace this worker's file; it need not survive a power cut.

    Raises:
        OSError: the disk has no room or no right.
    """
    folder = service_log / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{counted.worker}.partial"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(counted))
    draft.replace(folder / f"{counted.worker}.json")


def others(service_log: Path, worker: str) -> list[Counted]:
    """What the other living workers had counted some seconds ago."""
    since = time.time() - FRESH_SECONDS
    found = [counted for path, counted in _all(service_log) if counted.worker != worker and _written_at(path) >= since]
    return sorted(found, key=lambda counted: counted.worker)


def decision_p99_ms(service_log: Path) -> dict[date, float]:
    """By day of the project's clock what 99 of 100 decision requests did not exceed, ms, over all workers."""
    by_day: dict[str, list[list[int]]] = {}
    for _, counted in _all(service_log):
        for day, histogram in counted.days.items():
            by_day.setdefault(day, []).append(histogram.counts)
    found = {date.fromisoformat(day): quantile(added(counts), 0.99) for day, counts in sorted(by_day.items())}
    return {day: value for day, value in found.items() if value is not None}


def forget_old(service_log: Path, today: date) -> None:
    """Remove files of workers whose last day is longer ago than any is kept."""
    oldest = (today - timedelta(days=DAYS_KEPT)).isoformat()
    for path, counted in _all(service_log):
        if max(counted.days, default="") < oldest:
            path.unlink(missing_ok=True)


def _all(service_log: Path) -> Iterator[tuple[Path, Counted]]:
    for path in sorted((service_log / FOLDER).glob("*.json")):
        with suppress(OSError, msgspec.DecodeError):
            yield path, _DECODE.decode(path.read_bytes())


def _written_at(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0
