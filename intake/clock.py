"""The project's clock: the only place that asks for the time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from filelock import FileLock


class Clock(Protocol):
    """Anything that tells the time as an aware UTC datetime."""

    def now(self) -> datetime:
        """Current project time, UTC."""
        ...


class WallClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Current wall time, UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class OffsetClock:
    """A clock that ticks like the wall but is shifted, so that historical data is 'yesterday'."""

    offset: timedelta

    def now(self) -> datetime:
        """Wall time plus the offset, UTC."""
        return datetime.now(UTC) + self.offset


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still; for tests and for `--as-of`."""

    at: datetime

    def now(self) -> datetime:
        """Always the same instant."""
        return self.at


@dataclass
class SteppedClock:
    """A clock that stands still until whoever holds it moves it on: time as a simulation lives it."""

    at: datetime

    def now(self) -> datetime:
        """The instant that was set last."""
        return self.at

    def move_to(self, at: datetime) -> None:
        """Move on to an instant.

        Raises:
            ValueError: it has no time zone, or lies before the present one.
        """
        if at.tzinfo is None:
            raise ValueError(f"at: {at.isoformat()} has no time zone")
        if at < self.at:
            raise ValueError(f"at: {at.isoformat()} lies before {self.at.isoformat()}; time does not run back")
        self.at = at


def set_anchor(start: datetime, anchor_file: Path, now: datetime) -> None:
    """Let every process whose clock begins at `start` read `now` at this moment, and tick on from there."""
    first_use = datetime.now(UTC) - (now - start)
    with _alone(anchor_file):
        _write_anchors(anchor_file, _anchors(anchor_file) | {_key(start): first_use.isoformat()})


def project_clock(start: datetime | None, anchor_file: Path) -> Clock:
    """The clock that `settings.yml` names.

    With no `start` this is wall time. Otherwise time begins at `start` when the project is first used and ticks
    from there; the wall time of that first use is kept in `anchor_file`, so that every process agrees.

    Raises:
        ValueError: `start` has no time zone, or the anchor file is not readable as JSON.
    """
    if start is None:
        return WallClock()
    if start.tzinfo is None:
        raise ValueError(f"clock.start: {start.isoformat()} has no time zone; write it as 2018-01-02T00:00:00Z")
    return OffsetClock(start.astimezone(UTC) - _first_use(start, anchor_file))


def _first_use(start: datetime, anchor_file: Path) -> datetime:
    known, key = _anchors(anchor_file), _key(start)
    if key not in known:
        with _alone(anchor_file):
            # Another process may have been the first one meanwhile.
            known = {key: datetime.now(UTC).isoformat()} | _anchors(anchor_file)
            _write_anchors(anchor_file, known)
    return datetime.fromisoformat(known[key])


def _key(start: datetime) -> str:
    return start.astimezone(UTC).isoformat()


def _anchors(anchor_file: Path) -> dict[str, str]:
    known: dict[str, str] = json.loads(anchor_file.read_text()) if anchor_file.exists() else {}
    return known


def _alone(anchor_file: Path) -> FileLock:
    anchor_file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(anchor_file.with_suffix(".lock"))


def _write_anchors(anchor_file: Path, known: dict[str, str]) -> None:
    partial = anchor_file.with_suffix(".partial")
    partial.write_text(json.dumps(known, indent=1))
    partial.replace(anchor_file)
