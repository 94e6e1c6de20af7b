"""Which version is live: an atomic link named `current`, and how to move it forward and back."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from serving.snapshot.manifest import DATA_FILE, MANIFEST, Manifest, read_manifest
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


def switch(root: Path, version: str, *, instead_of: str | None = None) -> Manifest:
    """Verify a version and make it live in one atomic step.

    Args:
        root: folder of the versions.
        version: its name.
        instead_of: the version it was made from, which must be live still: another that went live meanwhile knows more.

    Raises:
        SnapshotError: the version is missing, cannot be trusted, or comes too late; the pointer stays where it was.
    """
    if not (root / version / MANIFEST).is_file():
        known = ", ".join(manifest.version for manifest in list_versions(root)) or "none"
        raise SnapshotError(f"version {version!r} does not exist in {root}; there are: {known}")
    manifest = verify(root / version)
    with alone(root), tempfile.TemporaryDirectory(prefix=".pointer-", dir=root) as scratch:
        live = current(root)
        if instead_of is not None and live != instead_of:
            raise SnapshotError(f"{live} went live while {version} was made from {instead_of}; publish again")
        link = Path(scratch) / POINTER
        link.symlink_to(version)
        link.replace(root / POINTER)
    _sync(root)
    return manifest


def rollback(root: Path, version: str | None = None, *, earlier_data: bool = False) -> Manifest:
    """Make `version` live, or, without one, the newest trustworthy version before the live one.

    The version before is the one that was live when the live one was written: where one was taken back and others were
    written since, what was taken back does not return.

    Args:
        root: folder of the versions.
        version: its name.
        earlier_data: pass over versions of the same data (`as_of`), such as those of an edit or of an hour's
            probabilities.

    Raises:
        SnapshotError: nothing is live, or there is no such version.
    """
    if version is not None:
        return switch(root, version)
    versions = list_versions(root)
    live = next((manifest for manifest in versions if manifest.version == current(root)), None)
    if live is None:
        raise SnapshotError(f"live version {current(root)!r} is not among the snapshots; name the version to return to")
    for candidate in _before(versions, live):
        if earlier_data and _moment(candidate) >= _moment(live):
            continue
        try:
            return switch(root, candidate.version)
        except SnapshotError:
            continue
    what = f"of data before {live.as_of}" if earlier_data else f"older than {live.version!r}"
    raise SnapshotError(f"no usable version {what}; there are: {', '.join(one.version for one in versions)}")


def outdated(root: Path, keep: int) -> list[Path]:
    """Folders of the versions that may go, oldest first.

    What stays: the newest `keep` versions, the last one of each of the newest `keep` data files (hourly versions share
    one), and of each of the newest `keep` moments that data is of (an edit writes a file of the same moment); the live
    one, the one it followed, and all that were written after it.

    Raises:
        ValueError: `keep` is below 1.
    """
    if keep < 1:
        raise ValueError(f"keep: {keep} is below 1")
    live, versions = current(root), list_versions(root)
    kept: set[str] = set()
    for same in (_version, _data, _moment):
        kept |= _last_of_each(versions, same, keep)
    older = list(takewhile(lambda manifest: manifest.version != live, versions))
    if len(older) < len(versions):
        kept |= {manifest.version for manifest in _followed(versions, versions[len(older)])[:1]}
    return [root / manifest.version for manifest in older if manifest.version not in kept]


def _before(versions: Sequence[Manifest], live: Manifest) -> list[Manifest]:
    """Versions before the live one: those that it followed, then all others that are older, the newest first."""
    followed = _followed(versions, live)
    return [*followed, *(one for one in reversed(versions[: versions.index(live)]) if one not in followed)]


def _followed(versions: Sequence[Manifest], live: Manifest) -> list[Manifest]:
    named = {one.replaces: one for one in versions if one.replaces} | {one.version: one for one in versions}
    found: list[Manifest] = []
    at = named.get(live.follows)
    while at is not None and at != live and at not in found:
        found.append(at)
        at = named.get(at.follows)
    return found


def _last_of_each(versions: Sequence[Manifest], same: Callable[[Manifest], object], keep: int) -> set[str]:
    last: dict[object, str] = {}
    for manifest in reversed(versions):
        if len(last) < keep:
            last.setdefault(same(manifest), manifest.version)
    return set(last.values())


def _version(manifest: Manifest) -> str:
    return manifest.version


def _data(manifest: Manifest) -> str:
    return manifest.files[DATA_FILE].sha256 if DATA_FILE in manifest.files else ""


def _moment(manifest: Manifest) -> datetime:
    return datetime.fromisoformat(manifest.as_of)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """No other process moves the pointer, or begins or sweeps a version, meanwhile; for moments only."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
