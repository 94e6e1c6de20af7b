"""Decide whether a snapshot can be trusted, before anybody is served from it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import msgspec
from pydantic import ValidationError

from serving.policy import PolicyError, compile_rule
from serving.snapshot.delta import counts_of
from serving.snapshot.environment import SEPARATOR
from serving.snapshot.manifest import Manifest, check_files, read_manifest
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import CHANGING, TABLES, ProductRecord, SnapshotError
from serving.snapshot.stored_profile import decode_profile, encode_profile

_SAMPLE = 100


def verify(folder: Path) -> Manifest:
    """Check one version: manifest, schema, sizes, checksums, tables, row counts, decodable rows, policies.

    Raises:
        SnapshotError: the first thing that is wrong, with the value found and the value expected.
    """
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    with SnapshotReader(folder) as reader:
        for table in TABLES:
            if reader.count(table) != manifest.counts.get(table):
                found, expected = reader.count(table), manifest.counts.get(table)
                raise SnapshotError(f"{folder.name}: table {table} has {found} rows, expected {expected}")
        _check_delta(reader)
        _check_rows(reader)
        _check_content(reader)
    return manifest


def _check_delta(reader: SnapshotReader) -> None:
    rows = {table: dict(reader.changed(table)) for table in CHANGING}
    found = counts_of(rows) if reader.manifest.has_delta else {}
    if found != reader.manifest.delta:
        raise SnapshotError(f"{reader.version}: the delta has {found}, expected {reader.manifest.delta}")


def _check_rows(reader: SnapshotReader) -> None:
    try:
        for _, value in _looked_at(reader, "profile"):
            if encode_profile(decode_profile(value)) != value:
                raise SnapshotError(f"{reader.version}: a profile is not stored as this program stores it")
        for _, value in _looked_at(reader, "product"):
            msgspec.msgpack.decode(value, type=ProductRecord)
        for key, customer in _looked_at(reader, "identifier"):
            if reader.profile(customer.decode()) is None:
                kind = key.decode().split(SEPARATOR)[0]
                raise SnapshotError(f"{reader.version}: an identifier of type {kind} has no profile")
        _ = reader.decisions
    except msgspec.DecodeError as error:
        raise SnapshotError(f"{reader.version}: a row cannot be decoded: {error}") from error


def _looked_at(reader: SnapshotReader, table: str) -> Iterator[tuple[bytes, bytes]]:
    """The first rows, and every row that has changed since the data file was written."""
    return chain(reader.sample(table, _SAMPLE), ((key, value) for key, value in reader.changed(table) if value))


def _check_content(reader: SnapshotReader) -> None:
    try:
        placements = reader.placements
        for policy in reader.policies:
            for rule in policy.rules:
                compile_rule(rule.when)
        experiments = reader.learned.definitions()
        _ = reader.visit_model, reader.segments, reader.click_drivers
    except (ValidationError, PolicyError, msgspec.DecodeError) as error:
        raise SnapshotError(f"{reader.version}: placements, policies or experiments cannot be used: {error}") from error
    for one in experiments:
        if one.placement not in placements:
            raise SnapshotError(f"{reader.version}: experiment {one.key} is about unknown placement {one.placement!r}")
    for name, _, _ in reader.decisions:
        if name not in placements:
            raise SnapshotError(f"{reader.version}: decision rows for unknown placement {name!r}")
