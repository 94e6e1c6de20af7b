"""Which version is live: an atomic link named `current`, and how to move it forward and back."""

from __future__ import annotations

import os
import tempfile
from itertools import takewhile
from pathlib import Path

from serving.snapshot.manifest import MANIFEST, Manifest, read_manifest
from serving.snapshot.records import SnapshotError
from serving.snapshot.verify import verify

POINTER = "current"


def current(root: Path) -> str | None:
    """Version the pointer names (whether or not that version exists), or None without a pointer."""
    try:
        return (root / POINTER).readlink().name
    except OSError:
        return None


def list_versions(root: Path) -> list[Manifest]:
    """Manifests of all versions with a readable one, oldest first by (created_at, version)."""
    manifests = []
    for folder in root.iterdir() if root.is_dir() else []:
        if folder.is_dir() and not folder.is_symlink() and not folder.name.startswith("."):
            try:
                manifests.append(read_manifest(folder))
            except SnapshotError:
                continue
    return sorted(manifests, key=lambda manifest: (manifest.created_at, manifest.version))


def switch(root: Path, version: str) -> Manifest:
    """Verify a version and make it live in one atomic step.

    Raises:
        SnapshotError: the version is missing or cannot be trusted; the pointer stays where it was.
    """
    if not (root / version / MANIFEST).is_file():
        known = ", ".join(manifest.version for manifest in list_versions(root)) or "none"
        raise SnapshotError(f"version {version!r} does not exist in {root}; there are: {known}")
    manifest = verify(root / version)
    with tempfile.TemporaryDirectory(prefix=".pointer-", dir=root) as scratch:
        link = Path(scratch) / POINTER
        link.symlink_to(version)
        link.replace(root / POINTER)
    _sync(root)
    return manifest


def rollback(root: Path, version: str | None = None) -> Manifest:
    """Make `version` live, or, without one, the newest trustworthy version older than the live one.

    Raises:
        SnapshotError: nothing is live, or there is no such version.
    """
    if version is not None:
        return switch(root, version)
    live = current(root)
    versions = [manifest.version for manifest in list_versions(root)]
    if live not in versions:
        raise SnapshotError(f"live version {live!r} is not among the snapshots; name the version to return to")
    for candidate in reversed(versions[: versions.index(live)]):
        try:
            return switch(root, candidate)
        except SnapshotError:
            continue
    raise SnapshotError(f"no usable version older than {live!r}; there are: {', '.join(versions)}")


def outdated(root: Path, keep: int) -> list[Path]:
    """Folders of all but the newest `keep` versions; the live one and those after it are never among them.

    Raises:
        ValueError: `keep` is below 1.
    """
    if keep < 1:
        raise ValueError(f"keep: {keep} is below 1")
    live = current(root)
    older = takewhile(lambda manifest: manifest.version != live, list_versions(root)[:-keep])
    return [root / manifest.version for manifest in older]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
