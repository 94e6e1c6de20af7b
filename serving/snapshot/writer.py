"""Build a snapshot beside the live ones, read it back, and only then give it its name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

import msgspec

from serving.click_evidence import KEY as CLICKS
from serving.click_evidence import ClickDrivers
from serving.experiments.learned import write_learned
from serving.placement import Placement
from serving.policy import Policy
from serving.references import check_references
from serving.segment_definitions import KEY, SegmentDefinitions
from serving.snapshot.building import building, data_checks, write_manifest
from serving.snapshot.environment import category_key, identifier_key, open_for_writing, place_key
from serving.snapshot.manifest import Manifest
from serving.snapshot.pointer import current
from serving.snapshot.records import TABLES, SnapshotContents, SnapshotError, schema_hash
from serving.snapshot.stored_profile import encode_profile
from serving.visit_scores import VISITS, VisitModel
from serving.yaml_file import ConfigError

Row = tuple[bytes, bytes]
_ENCODER = msgspec.msgpack.Encoder()
# Rows that are put in order together; tables of customers come in order and need not fit into memory.
ROWS_AT_ONCE = 200_000


def write_snapshot(
    root: Path, contents: SnapshotContents, *, version: str, as_of: datetime, created_at: datetime
) -> Path:
    """Write one immutable version under `root` and return its folder; the pointer is not touched.

    Nothing appears under `root/<version>` before every byte is on disk and has been read back and verified.

    Raises:
        SnapshotError: the version exists, its name is not usable, a key is there twice, a rule names a
            placement or action that is not there, or verification failed.
    """
    final = final_folder(root, version)
    _check_references(contents)
    with building(root, version) as folder:
        counts = _write_tables(folder, contents)
        write_learned(folder, contents.learned)
        write_manifest(folder, _manifest(folder, contents, counts, version, as_of, created_at))
    return final


def final_folder(root: Path, version: str) -> Path:
    """Where a version goes.

    Raises:
        SnapshotError: the name is not usable, or taken.
    """
    if not version or version.startswith(".") or not version.replace("-", "").replace(".", "").isalnum():
        raise SnapshotError(f"version {version!r} is no name; allowed: letters, digits, '-' and '.', not first")
    if version == "current":
        raise SnapshotError("version 'current' is the pointer's name; allowed: any other")
    final = root / version
    if final.exists():
        raise SnapshotError(f"{version}: exists already; a published version is never rewritten")
    return final


def _check_references(contents: SnapshotContents) -> None:
    try:
        check_references(contents.policies, contents.placements)
    except ConfigError as error:
        raise SnapshotError(str(error)) from error


def content_hash(contents: SnapshotContents) -> str:
    """Hash of the placements and policies a snapshot carries."""
    return hashlib.sha256(
        b"".join(value for _, value in content_rows(contents.placements, contents.policies))
    ).hexdigest()[:16]


def _write_tables(folder: Path, contents: SnapshotContents) -> dict[str, int]:
    environment = open_for_writing(folder)
    try:
        rows = _rows_by_table(contents)
        counts = {table: _write_table(environment, table, rows[table]) for table in TABLES}
        environment.sync(True)
    finally:
        environment.close()
    (folder / "lock.mdb").unlink(missing_ok=True)
    return counts


def _write_table(environment: Any, table: str, rows: Iterable[Row]) -> int:
    database, all_rows = environment.open_db(table.encode()), iter(rows)
    added, given, last = 0, 0, b""
    with environment.begin(write=True, db=database) as transaction:
        while batch := sorted(islice(all_rows, ROWS_AT_ONCE)):
            # Appended rows fill their pages; put one by one, even in this order, they leave half of each empty.
            in_order = batch[0][0] > last
            _, new = transaction.cursor().putmulti(_distinct(batch), overwrite=False, append=in_order)
            added, given, last = added + int(new), given + len(batch), max(last, batch[-1][0])
    if added != given:
        raise SnapshotError(f"table {table}: {given - added} of {given} keys are there twice; keys must differ")
    return added


def _distinct(ordered: Iterable[Row]) -> Iterator[Row]:
    before = None
    for row in ordered:
        if row[0] != before:
            yield row
        before = row[0]


def _rows_by_table(contents: SnapshotContents) -> dict[str, Iterator[Row]]:
    encode = _ENCODER.encode
    return {
        "identifier": ((identifier_key(row[0], row[1]), row[2].encode()) for row in contents.identifiers),
        "profile": ((record.customer_id.encode(), encode_profile(record)) for record in contents.profiles),
        "product": ((record.product_id.encode(), encode(record)) for record in contents.products),
        "together": ((key.encode(), encode(list(ids))) for key, ids in contents.together.items()),
        "popular": ((category_key(key), encode(list(ids))) for key, ids in contents.popular.items()),
        "decision": _decision_rows(contents),
        "content": chain(
            content_rows(contents.placements, contents.policies),
            visit_rows(contents.visit_model),
            segment_rows(contents.segments),
            click_rows(contents.click_drivers),
        ),
        "promise": ((place_key(record.place), encode(record)) for record in contents.promises),
        "review": ((key.encode(), encode(list(found))) for key, found in contents.reviews.items()),
    }


def _decision_rows(contents: SnapshotContents) -> Iterator[Row]:
    ordered = sorted(
        contents.decision_rows, key=lambda row: (row.placement, row.segment_id, row.context_bucket, row.action)
    )
    for placement, rows in groupby(ordered, key=lambda row: row.placement):
        yield placement.encode(), _ENCODER.encode(list(rows))


def content_rows(placements: Sequence[Placement], policies: Sequence[Policy]) -> Iterator[Row]:
    """Placements and policies as they are stored."""
    for name, models in (("placements", placements), ("policies", policies)):
        ordered = sorted(models, key=lambda model: model.name)
        yield name.encode(), msgspec.json.encode([model.model_dump(mode="json") for model in ordered])


def visit_rows(model: VisitModel | None) -> list[Row]:
    """The model of visits as it is stored beside placements and policies; none where nothing has been learned."""
    return [] if model is None else [(VISITS, model.encoded())]


def segment_rows(definitions: SegmentDefinitions) -> list[Row]:
    """What is known of segments as it is stored there; none where there are neither definitions nor micro-segments."""
    return [(KEY, definitions.encoded())] if definitions.conditions or definitions.large else []


def click_rows(drivers: ClickDrivers) -> list[Row]:
    """What draws clicks as it is stored there; none where nothing is beyond noise."""
    return [(CLICKS, drivers.encoded())] if drivers.by_segment else []


def _manifest(
    folder: Path,
    contents: SnapshotContents,
    counts: dict[str, int],
    version: str,
    as_of: datetime,
    created_at: datetime,
) -> Manifest:
    return Manifest(
        version=version,
        as_of=as_of.astimezone(UTC).isoformat(),
        created_at=created_at.astimezone(UTC).isoformat(),
        schema_hash=schema_hash(),
        policy_hash=content_hash(contents),
        time_zone=contents.time_zone,
        counts=counts,
        files=data_checks(folder),
        model_versions=dict(contents.model_versions),
        totals=dict(contents.totals),
        follows=current(folder.parents[1]) or "",
    )
