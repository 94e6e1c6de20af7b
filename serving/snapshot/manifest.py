"""The manifest of a snapshot: what it is, what it should contain, and the checksums that prove it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from serving.snapshot.records import SnapshotError, schema_hash

MANIFEST = "manifest.json"
DATA_FILE = "data.mdb"
DELTA_FILE = "delta.mdb"
"""Customers and identifiers that differ from the data file; few versions have one."""


class FileCheck(msgspec.Struct, frozen=True):
    """Size and SHA-256 of one file."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """Timestamps are ISO 8601 in UTC; `counts` are rows by table; `policy_hash` covers placements and policies.

    `replaces` names the version of which this one is the copy without people who were erased, `follows` the one that
    was live when it was written. With a delta, `base` names the version that its data file was first published as,
    `delta` has the delta's rows by table (`profile_gone`: those that are no more) and `counts` both files' together.
    `profiles_as_of` is the moment that the newest profiles stand at; "" is `as_of`.
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
    base: str = ""
    delta: dict[str, int] = {}
    profiles_as_of: str = ""

    @property
    def has_delta(self) -> bool:
        """Whether changes lie beside the data file."""
        return DELTA_FILE in self.files


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


def is_of_this_schema(manifest: Manifest) -> bool:
    """Whether this program reads a version's rows."""
    return manifest.schema_hash == schema_hash(with_delta=manifest.has_delta)


def check_schema(manifest: Manifest) -> None:
    """Nothing of a version that another program wrote can be decided by.

    Raises:
        SnapshotError: names the schema that was found, and the one that is read.
    """
    if not is_of_this_schema(manifest):
        expected = schema_hash(with_delta=manifest.has_delta)
        told = f"schema_hash is {manifest.schema_hash}, this reader needs {expected}"
        raise SnapshotError(f"{manifest.version}: {told}; one of this program is made by: concierge run")


def as_whole(manifest: Manifest) -> Manifest:
    """The manifest of a version whose changes, if it has any, have been written into one data file."""
    return msgspec.structs.replace(manifest, base="", delta={}, schema_hash=schema_hash())


def check_files(folder: Path, manifest: Manifest) -> None:
    """Folder name, schema, sizes and checksums, before anything maps the data into memory.

    Raises:
        SnapshotError: names what differs, the value found and the value expected.
    """
    if manifest.version != folder.name:
        raise SnapshotError(f"{folder.name}: manifest.version is {manifest.version!r}, expected {folder.name!r}")
    check_schema(manifest)
    if DATA_FILE not in manifest.files:
        raise SnapshotError(f"{folder.name}: manifest.files has no {DATA_FILE}")
    for name, check in manifest.files.items():
        path = folder / name
        size = path.stat().st_size if path.is_file() else -1
        if size != check.bytes:
            raise SnapshotError(f"{folder.name}: {name} has {size} bytes, expected {check.bytes}")
        if sha256_of(path) != check.sha256:
            raise SnapshotError(f"{folder.name}: {name} has a wrong checksum")
