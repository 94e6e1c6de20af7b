"""The way every version comes to be: built beside the others, on disk, read back, and only then under its name."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from serving.experiments.learned import EXPERIMENTS_FILE
from serving.snapshot.manifest import DATA_FILE, DELTA_FILE, MANIFEST, FileCheck, Manifest, sha256_of
from serving.snapshot.pointer import alone
from serving.snapshot.records import SnapshotError
from serving.snapshot.verify import verify


@contextmanager
def building(root: Path, version: str, *, replaces: bool = False) -> Iterator[Path]:
    """A hidden folder to write a version into; when the block ends well it becomes `root/<version>`.

    Args:
        root: folder of the versions.
        version: its name.
        replaces: whether it takes the place of a version of that name, where one stands.

    Raises:
        SnapshotError: what was written cannot be trusted, or a version took the name meanwhile; nothing of it stays.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _scratch(root) as scratch:
        folder = scratch / version
        folder.mkdir()
        yield folder
        verify(folder)
        _sync_folder(folder)
        if replaces:
            shutil.rmtree(root / version, ignore_errors=True)
        _take_name(folder, root / version)
        _sync_folder(root)


def sweep(root: Path) -> list[str]:
    """Remove what killed publishers left half built or half switched, and nothing that a living one writes; names."""
    if not root.is_dir():
        return []
    with alone(root):
        # Whoever switches does so alone.
        left = [*(folder for folder in root.glob(".building-*") if _is_left(folder)), *root.glob(".pointer-*")]
        for folder in left:
            shutil.rmtree(folder, ignore_errors=True)
    return sorted(folder.name for folder in left)


@contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """A folder that is locked for as long as its process writes into it."""
    with alone(root):
        scratch = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
        lock = os.open(scratch, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        os.close(lock)


def _is_left(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _take_name(folder: Path, final: Path) -> None:
    try:
        # Whatever stands there is a whole version, so its folder is not empty and the system refuses.
        folder.rename(final)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        message = f"{final.name}: another version took this name meanwhile; publish again"
        raise SnapshotError(message) from error


def data_checks(folder: Path, linked: Mapping[str, FileCheck] | None = None) -> dict[str, FileCheck]:
    """Size and checksum of the files of a version, as a manifest lists them.

    `linked` are those of files that are another version's: they are known, and verified with the rest.
    """
    files = [folder / DATA_FILE, *folder.glob(DELTA_FILE), *folder.glob(EXPERIMENTS_FILE)]
    return {file.name: (linked or {}).get(file.name) or _check(file) for file in files}


def _check(file: Path) -> FileCheck:
    return FileCheck(bytes=file.stat().st_size, sha256=sha256_of(file))


def link_file(source: Path, target: Path) -> None:
    """The file of a published version under another name: such files never change."""
    try:
        os.link(source, target)
    except OSError:
        # A file system without hard links.
        shutil.copyfile(source, target)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest so that it survives a power cut once its folder is synced."""
    with (folder / MANIFEST).open("wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
