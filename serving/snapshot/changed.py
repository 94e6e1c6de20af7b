"""A published version with other customers and identifiers: those that differ go into a delta beside its data file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from serving.experiments.learned import write_learned
from serving.snapshot.building import building, data_checks, link_file, write_manifest
from serving.snapshot.delta import counts_of, write_delta_file
from serving.snapshot.environment import identifier_key
from serving.snapshot.manifest import DATA_FILE, Manifest
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import CHANGING, GONE, REFUSED_ANALYTICS, IdentifierRow, ProfileRecord, schema_hash
from serving.snapshot.stored_profile import decode_profile, encode_profile, stored_profile
from serving.snapshot.writer import final_folder

Row = tuple[bytes, bytes]
Changes = dict[str, dict[bytes, bytes]]


@dataclass(frozen=True)
class Wanted:
    """Customers and identifiers as they are to be.

    Attributes:
        profiles: records, those that are published as they are among them.
        identifiers: whose they are.
        gone: ids that may have had a profile and have none now, unless `profiles` has one.
        unowned: (type, value hash) of identifiers that may have been somebody's and are not, unless `identifiers` has
            them.
        everybody: whoever is not named is gone.
    """

    profiles: Iterable[ProfileRecord]
    identifiers: Iterable[IdentifierRow]
    gone: Iterable[str] = ()
    unowned: Iterable[tuple[str, str]] = ()
    everybody: bool = False


def write_changed(
    root: Path, source: str, wanted: Wanted, *, version: str, as_of: datetime, created_at: datetime
) -> Path | None:
    """Write version `source` again as `version` with these customers and identifiers; the pointer stays.

    The data file is linked. What differs from it, in this version or in `source` already, is one delta file.

    Args:
        root: folder of the versions.
        source: version to take everything else from.
        wanted: who has changed, or may have.
        version: a name that is free.
        as_of: aware; the moment that the changed profiles stand at.
        created_at: aware.

    Returns:
        The folder, or None when nothing differs from `source`.

    Raises:
        SnapshotError: the source cannot be read, the name is taken, or verification failed.
    """
    final = final_folder(root, version)
    with SnapshotReader((root / source).resolve()) as reader:
        before: Changes = {table: dict(reader.changed(table)) for table in CHANGING}
        after = {table: _differing(reader, table, before[table], wanted) for table in CHANGING}
        if after == before:
            return None
        with building(root, version) as folder:
            link_file(root / source / DATA_FILE, folder / DATA_FILE)
            write_delta_file(folder, after)
            write_learned(folder, reader.learned)
            manifest = _manifest(reader, before, after)
            files = data_checks(folder, {DATA_FILE: manifest.files[DATA_FILE]})
            own = {"version": version, "created_at": _utc(created_at), "profiles_as_of": _utc(as_of), "files": files}
            write_manifest(folder, msgspec.structs.replace(manifest, **own))
    return final


def _differing(reader: SnapshotReader, table: str, before: Mapping[bytes, bytes], wanted: Wanted) -> dict[bytes, bytes]:
    """What of a table differs from the data file, now that this is wanted."""
    told, there = _named(table, wanted)
    found = {} if wanted.everybody else dict(before)
    seen = set()
    for key, value in told:
        seen.add(key)
        _put(reader, table, found, key, value)
    absent = (key for key, _ in reader.stream_base(table)) if wanted.everybody else there
    for key in absent:
        if key not in seen:
            _put(reader, table, found, key, GONE)
    return found


def _named(table: str, wanted: Wanted) -> tuple[Iterator[Row], Iterator[bytes]]:
    if table == "profile":
        rows = ((record.customer_id.encode(), encode_profile(record)) for record in wanted.profiles)
        return rows, (customer.encode() for customer in wanted.gone)
    owned = ((identifier_key(one.type, one.value_hash), one.customer_id.encode()) for one in wanted.identifiers)
    return owned, (identifier_key(kind, value_hash) for kind, value_hash in wanted.unowned)


def _put(reader: SnapshotReader, table: str, found: dict[bytes, bytes], key: bytes, value: bytes) -> None:
    published = reader.in_base(table, key) or GONE
    if _is_same(table, published, value):
        found.pop(key, None)
    else:
        found[key] = value


def _is_same(table: str, published: bytes, value: bytes) -> bool:
    if published == value or table != "profile" or not (published and value):
        return published == value
    # Features may stand in another order.
    return decode_profile(published) == decode_profile(value)


def _manifest(reader: SnapshotReader, before: Changes, after: Changes) -> Manifest:
    said = reader.manifest
    counts = {table: said.counts[table] + _more(reader, table, before[table], after[table]) for table in CHANGING}
    own = {"customers": counts["profile"], "identifiers": counts["identifier"]}
    if REFUSED_ANALYTICS in said.totals:
        own[REFUSED_ANALYTICS] = said.totals[REFUSED_ANALYTICS] + _more_refuse(reader, before["profile"], after)
    return msgspec.structs.replace(
        said,
        schema_hash=schema_hash(with_delta=True),
        counts={**said.counts, **counts},
        totals={**said.totals, **own},
        replaces="",
        follows=said.version,
        base=said.base or said.version,
        delta=counts_of(after),
    )


def _more(reader: SnapshotReader, table: str, before: Mapping[bytes, bytes], after: Mapping[bytes, bytes]) -> int:
    """Rows that the version has more than the one before it."""
    keys = before.keys() | after.keys()
    return sum(bool(_row(reader, table, after, key)) - bool(_row(reader, table, before, key)) for key in keys)


def _more_refuse(reader: SnapshotReader, before: Mapping[bytes, bytes], after: Changes) -> int:
    keys, later = before.keys() | after["profile"].keys(), after["profile"]
    return sum(
        _refuses(_row(reader, "profile", later, key)) - _refuses(_row(reader, "profile", before, key)) for key in keys
    )


def _row(reader: SnapshotReader, table: str, changes: Mapping[bytes, bytes], key: bytes) -> bytes:
    return changes[key] if key in changes else reader.in_base(table, key) or GONE


def _refuses(profile: bytes) -> bool:
    return bool(profile) and "analytics" in stored_profile(profile).refusals


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
