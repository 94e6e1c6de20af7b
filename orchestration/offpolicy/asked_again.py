"""Logged questions asked again of the evaluator: under the rules of then, and under a candidate's."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from intake.paths import DataPaths
from orchestration.replay.versions import find_version
from serving.content import Content
from serving.edited import edited
from serving.live import LiveSnapshot
from serving.log.lookup import decision_lines
from serving.replay.again import NotReplayableError, version_of
from serving.replay.chances import Chances, chances
from serving.snapshot.manifest import is_of_this_schema, read_manifest
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import SnapshotError

_EVENT = re.compile(rb'"event_id":"d([0-9a-f]{32})"')
_OPEN = 8
"""Snapshots held open at a time, on each side."""


@dataclass
class AskedAgain:
    """By personalization id the probabilities of then and of the candidate; and why others are missing, counted."""

    logged: dict[str, Chances] = field(default_factory=dict)
    candidate: dict[str, Chances | None] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)

    def miss(self, why: str) -> None:
        """Count a question that could not be asked again."""
        self.missing[why] = self.missing.get(why, 0) + 1


def ask_again(paths: DataPaths, wanted: Collection[str], content: Content) -> AskedAgain:
    """Ask each wanted logged question under its own snapshot, once with its rules and once with `content`.

    Profiles, products and scores are those of the moment of the question: a candidate that could read today's would
    read what came of it.

    Args:
        wanted: personalization ids.
        content: the candidate's files.
    """
    found = AskedAgain()
    where = cache(lambda version: _folder_of(paths, version))
    as_then, as_candidate = _opened(_then), _opened(lambda folder: edited(folder, content))
    with as_then as then, as_candidate as other:
        for name, line in _lines(paths.service_log, wanted):
            if name not in found.candidate:
                _ask(where, name, line, found, then, other)
    return found


def is_readable(folder: Path) -> bool:
    """Whether a version is of this program's schema."""
    try:
        return is_of_this_schema(read_manifest(folder))
    except SnapshotError:
        return False


def _folder_of(paths: DataPaths, version: str) -> Path | str:
    """Where a version is, or why it is of no use."""
    folder = find_version(paths, version)
    if folder is None:
        return "their snapshot is gone, and nothing was kept of it"
    return folder if is_readable(folder) else "their snapshot is of another version of this program"


def _then(folder: Path) -> LiveSnapshot:
    return LiveSnapshot(SnapshotReader(folder))


def _ask(
    where: Callable[[str], Path | str],
    name: str,
    line: bytes,
    found: AskedAgain,
    then: Callable[[Path], LiveSnapshot],
    other: Callable[[Path], LiveSnapshot],
) -> None:
    try:
        folder = where(version_of(line))
        if isinstance(folder, str):
            found.miss(folder)
            return
        before = chances(then(folder), line)
        found.candidate[name] = None if before is None else chances(other(folder), line)
    except KeyError:
        found.miss("the candidate, or the snapshot of then, has no such placement")
    except (NotReplayableError, SnapshotError) as error:
        found.miss(str(error))
    else:
        if before is not None:
            found.logged[name] = before


def _lines(service_log: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for line in decision_lines(service_log):
        named = _EVENT.search(line)
        if named is not None and (name := named[1].decode()) in wanted:
            yield name, line


@contextmanager
def _opened(make: Callable[[Path], LiveSnapshot]) -> Iterator[Callable[[Path], LiveSnapshot]]:
    opened: list[LiveSnapshot] = []

    def close() -> None:
        get.cache_clear()
        while opened:
            opened.pop().close()

    @cache
    def get(folder: Path) -> LiveSnapshot:
        if len(opened) >= _OPEN:
            close()
        opened.append(make(folder))
        return opened[-1]

    try:
        yield get
    finally:
        close()
