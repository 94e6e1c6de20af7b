"""A published version with other placements and policies: all else is copied row by row, nothing is recomputed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from serving.content import Content
from serving.experiments.learned import Learned, reworded, write_learned
from serving.references import check_references
from serving.snapshot.building import building, data_checks, write_manifest
from serving.snapshot.environment import open_for_writing
from serving.snapshot.manifest import Manifest, as_whole, read_manifest
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import TABLES, FeatureValue
from serving.snapshot.stored_profile import decode_profile, encode_profile
from serving.snapshot.writer import click_rows, content_rows, final_folder, segment_rows, visit_rows

Row = tuple[bytes, bytes]
More = Callable[[str], Mapping[str, FeatureValue]]


def write_reworded(
    root: Path,
    source: str,
    content: Content,
    *,
    version: str,
    created_at: datetime,
    more: More | None = None,
    learned: Learned | None = None,
) -> Path:
    """Write version `source` again as `version` with placements, policies and experiments of `content`; the pointer
    stays.

    Args:
        root: folder of the versions.
        source: version to take everything else from.
        content: placements and policies, checked against each other.
        version: a name that is free.
        created_at: aware.
        more: customer to features that the new rules need and the source does not carry.
        learned: shares and probabilities of the experiments; by default those of the source go on.

    Raises:
        SnapshotError: the source cannot be read, the name is taken, or verification failed.
        ConfigError: a rule names what is not there.
    """
    final = final_folder(root, version)
    check_references(content.policies, content.placements)
    with building(root, version) as folder:
        with SnapshotReader((root / source).resolve()) as reader:
            counts, policy_hash = _copy(folder, reader, content, more)
            write_learned(folder, learned or reworded(reader.learned, content.experiments))
        manifest = _manifest(folder, read_manifest(root / source), counts, policy_hash, version, created_at)
        write_manifest(folder, manifest)
    return final


def _copy(folder: Path, reader: SnapshotReader, content: Content, more: More | None) -> tuple[dict[str, int], str]:
    environment = open_for_writing(folder)
    try:
        rows_of_content = [*content_rows(content.placements, content.policies), *visit_rows(reader.visit_model)]
        rows_of_content += [*segment_rows(reader.segments), *click_rows(reader.click_drivers)]
        content_table = sorted(rows_of_content)
        placements = frozenset(placement.name for placement in content.placements)
        counts = {}
        for table in TABLES:
            rows = iter(content_table) if table == "content" else _rows(reader, table, placements, more)
            counts[table] = _write(environment, table, rows)
        environment.sync(True)
    finally:
        environment.close()
    (folder / "lock.mdb").unlink(missing_ok=True)
    ordered = (value for _, value in content_rows(content.placements, content.policies))
    return counts, hashlib.sha256(b"".join(ordered)).hexdigest()[:16]


def _rows(reader: SnapshotReader, table: str, placements: frozenset[str], more: More | None) -> Iterable[Row]:
    rows = reader.stream(table)
    if table == "decision":
        return ((key, value) for key, value in rows if key.decode() in placements)
    return rows if table != "profile" or more is None else (_with_more(key, value, more) for key, value in rows)


def _with_more(key: bytes, value: bytes, more: More) -> Row:
    profile = decode_profile(value)
    added = more(profile.customer_id) if profile.consent_personalization else {}
    missing = {name: found for name, found in added.items() if name not in profile.features}
    if not missing:
        return key, value
    return key, encode_profile(msgspec.structs.replace(profile, features={**profile.features, **missing}))


def _write(environment: Any, table: str, rows: Iterable[Row]) -> int:
    database = environment.open_db(table.encode())
    with environment.begin(write=True, db=database) as transaction:
        _, added = transaction.cursor().putmulti(rows, append=True)
    return int(added)


def _manifest(
    folder: Path, source: Manifest, counts: dict[str, int], policy_hash: str, version: str, created_at: datetime
) -> Manifest:
    return msgspec.structs.replace(
        as_whole(source),
        version=version,
        created_at=created_at.astimezone(UTC).isoformat(),
        policy_hash=policy_hash,
        counts=counts,
        files=data_checks(folder),
        replaces="",
        follows=source.version,
    )
