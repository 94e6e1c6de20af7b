"""The manifest of a snapshot: what it is, what it should contain, and the checksums that prove it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from serving.snapshot.records import SnapshotError, schema_hash

MANIFEST = "manifest.json"
DATA_FILE = "data.mdb"


class FileCheck(msgspec.Struct, frozen=True):
    """Size and SHA-256 of one file."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """Timestamps are ISO 8601 in UTC; `counts` are rows by table; `policy_hash` covers placements and policies.

    `replaces` names the version of which this one is the copy without people who were erased, `follows` the one that
    was live when it was written.
    """

    version: str
    as_of: str
    created_at: str
    schema_hash: str
    policy_hash: str
    time_zone: str
    counts: dict[str, int]
    files: dict[str, FileCheck]
    model_versions: dict[str, str]
    totals: dict[str, int]
    replaces: str = ""
    follows: str = ""


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`, without looking at the data.

    Raises:
        SnapshotError: there is none, or it is not one.
    """
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise SnapshotError(f"{folder.name}: {MANIFEST} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise SnapshotError(f"{folder.name}: {MANIFEST} is not a manifest: {error}") from error


def check_files(folder: Path, manifest: Manifest) -> None:
    """Folder name, schema, sizes and checksums, before anything maps the data into memory.

    Raises:
        SnapshotError: names what differs, the value found and the value expected.
    """
    if manifest.version != folder.name:
        raise SnapshotError(f"{folder.name}: manifest.version is {manifest.version!r}, expected {folder.name!r}")
    if manifest.schema_hash != schema_hash():
        expected = schema_hash()
        raise SnapshotError(f"{folder.name}: schema_hash is {manifest.schema_hash}, this reader needs {expected}")
    if DATA_FILE not in manifest.files:
        raise SnapshotError(f"{folder.name}: manifest.files has no {DATA_FILE}")
    for name, check in manifest.files.items():
        path = folder / name
        size = path.stat().st_size if path.is_file() else -1
        if size != check.bytes:
            raise SnapshotError(f"{folder.name}: {name} has {size} bytes, expected {check.bytes}")
        if sha256_of(path) != check.sha256:
            raise SnapshotError(f"{folder.name}: {name} has a wrong checksum")
