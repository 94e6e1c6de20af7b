"""The way every version comes to be: built beside the others, on disk, read back, and only then under its name."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from serving.experiments.learned import EXPERIMENTS_FILE
from serving.snapshot.manifest import DATA_FILE, MANIFEST, FileCheck, Manifest, sha256_of
from serving.snapshot.verify import verify


@contextmanager
def building(root: Path, version: str) -> Iterator[Path]:
    """A hidden folder to write a version into; when the block ends well it becomes `root/<version>`.

    A version of that name that stands there already is replaced; whoever must not do that asks before.

    Raises:
        SnapshotError: what was written cannot be trusted; nothing of it stays.
    """
    root.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
    folder = scratch / version
    try:
        folder.mkdir()
        yield folder
        verify(folder)
        _sync_folder(folder)
        shutil.rmtree(root / version, ignore_errors=True)
        folder.rename(root / version)
        _sync_folder(root)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def data_checks(folder: Path) -> dict[str, FileCheck]:
    """Size and checksum of the files of a version, as a manifest lists them."""
    files = [folder / DATA_FILE, *folder.glob(EXPERIMENTS_FILE)]
    return {file.name: FileCheck(bytes=file.stat().st_size, sha256=sha256_of(file)) for file in files}


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
