"""Logged decisions made again, each on its own snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from intake.paths import DataPaths
from orchestration.replay.versions import find_version
from serving.live import LiveSnapshot
from serving.replay.again import NotReplayableError, Replayed, replay, version_of
from serving.replay.inputs import digest_of
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import SnapshotError
from serving.snapshot.verify import verify

_OPEN = 8
"""Snapshots held open at a time."""


@dataclass(frozen=True)
class Outcome:
    """One decision made again. `problem` says in a few words why it is not the same, or is empty; `bytes` is the length
    of the log line, `source` the folder that was read."""

    again: Replayed | None
    problem: str
    bytes: int
    source: str

    @property
    def identical(self) -> bool:
        """Whether line and answer have the same bytes as then."""
        return self.again is not None and self.again.identical

    @property
    def digest(self) -> str:
        """Of the answer as it came out now."""
        return "" if self.again is None else digest_of(self.again.decision)


class Replayer:
    """Replays decisions of one data folder; snapshots stay open between them."""

    def __init__(self, paths: DataPaths) -> None:
        self._paths = paths
        self._opened: list[LiveSnapshot] = []
        self._live = lru_cache(maxsize=None)(self._open)

    def replay(self, line: bytes) -> Outcome:
        """Make the decision of one log line again."""
        size = len(line)
        try:
            version = version_of(line)
            live = self._live(version)
            again = replay(live, line)
        except (NotReplayableError, SnapshotError) as error:
            return Outcome(None, str(error), size, "")
        except KeyError as error:
            return Outcome(None, f"the snapshot has no placement {error}", size, "")
        return Outcome(again, _why(again), size, str(live.reader.folder))

    def close(self) -> None:
        """Close the snapshots."""
        self._live.cache_clear()
        while self._opened:
            self._opened.pop().close()

    def _open(self, version: str) -> LiveSnapshot:
        if len(self._opened) >= _OPEN:
            self.close()
        folder = find_version(self._paths, version)
        if folder is None:
            raise SnapshotError(f"snapshot {version} is gone, and nothing was kept of it")
        verify(folder)
        live = LiveSnapshot(SnapshotReader(folder))
        self._opened.append(live)
        return live


def _why(again: Replayed) -> str:
    if again.identical:
        return ""
    told = f"differs in {', '.join(again.differs) or 'bytes'}"
    return told if again.same_code else f"{told}; another version of the program made it"
