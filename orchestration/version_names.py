"""Names of versions that are made from a published one."""

from __future__ import annotations

from pathlib import Path

from serving.snapshot import pointer


def free_name(root: Path, version: str) -> str:
    """The next free name after a version's: `<moment>-<number>`."""
    base = version.rpartition("-")[0] or version
    taken = {manifest.version for manifest in pointer.list_versions(root)}
    return next(name for number in range(2, 100_000) if (name := f"{base}-{number}") not in taken)
