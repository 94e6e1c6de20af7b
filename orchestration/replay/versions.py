"""Finds the snapshot of a decision: as it was published, without people erased since, or what was kept of it."""

from __future__ import annotations

import re
from pathlib import Path

from intake.paths import DataPaths
from orchestration.erasure.snapshot_store import base_of, version_folders

_NAMED = re.compile(rb'"snapshot_version":"([^"]+)"')


def find_version(paths: DataPaths, version: str) -> Path | None:
    """The folder that holds a version, or what was kept of it; None when it is gone."""
    for root in (paths.snapshots, paths.replay):
        folders = version_folders(root) if root.is_dir() else []
        exact = [folder for folder in folders if folder.name == version]
        since = [folder for folder in folders if base_of(folder.name) == base_of(version)]
        if exact or since:
            return (exact or since)[-1]
    return None


def is_of(line: bytes, base: str) -> bool:
    """Whether a decision's log line names a version of this base."""
    found = _NAMED.search(line)
    return found is not None and base_of(found[1].decode()) == base
