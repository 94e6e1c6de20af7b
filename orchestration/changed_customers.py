"""Customers who changed within the hour on their way to the service: a version beside the live one's data file."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.pin import current_as_of
from orchestration.policy.evidence import Proof
from orchestration.policy.publish_config import proved_changes
from orchestration.refresh.customers import CUSTOMERS, IDENTIFIERS, is_everybody
from orchestration.refresh.whose import TOUCHED
from orchestration.snapshot_people import Rules, everybody, identifiers_of, profiles_of
from orchestration.version_names import free_name
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer
from serving.snapshot.changed import Wanted, write_changed
from serving.snapshot.manifest import Manifest, is_of_this_schema, read_manifest
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import SnapshotError

ASKED = f"select type, value_hash from identity.identifier where identifier_key in ({IDENTIFIERS})"
# A table that only daily runs make: without it the warehouse was made anew, and what they know is not in it yet.
DAILY = "marts.customer_product"
_TRIES = 3


@dataclass(frozen=True)
class ChangedCustomers:
    """The version that was made live; `rows` are those of its delta by table, whoever changed in hours before too."""

    version: str
    before: str
    rows: Mapping[str, int]
    proof: Proof


def publish_changed(project: Project, warehouse: Warehouse) -> ChangedCustomers | None:
    """Put the customers whose rows this hour made again live, with whoever changed since the last whole snapshot.

    Placements, policies, experiments and probabilities are those of the live version. Where another version goes live
    meanwhile it is tried again upon that one.

    Returns:
        None when nobody differs from what is live, what is live takes no changes (`takes_changes`), or no daily run has
        filled this warehouse.

    Raises:
        SnapshotError: the version cannot be written or verified; what was live stays live.
        ProofError: a guardrail does not hold for somebody who changed; what was live stays live.
    """
    OpsStore(project.paths).require_no_open_erasure()
    for _ in range(_TRIES - 1):
        before = pointer.current(project.paths.snapshots)
        try:
            return _publish(project, warehouse)
        except SnapshotError:
            if pointer.current(project.paths.snapshots) == before:
                raise
    return _publish(project, warehouse)


def takes_changes(root: Path, live: Manifest, as_of: datetime) -> bool:
    """Whether changes of this moment belong upon the live version.

    Not when it is of another schema, knows a later moment, or when later data were taken back: what the warehouse says
    since then may be what was wrong with them.
    """
    known = max(datetime.fromisoformat(said) for said in (live.as_of, live.profiles_as_of or live.as_of))
    newest = max(datetime.fromisoformat(manifest.as_of) for manifest in pointer.list_versions(root))
    return is_of_this_schema(live) and as_of >= known and newest <= datetime.fromisoformat(live.as_of)


def _publish(project: Project, warehouse: Warehouse) -> ChangedCustomers | None:
    root, as_of = project.paths.snapshots, current_as_of(warehouse)
    before = pointer.current(root)
    if before is None or as_of is None or not warehouse.has_table(DAILY):
        return None
    if not takes_changes(root, read_manifest(root / before), as_of):
        return None
    version = free_name(root, before)
    wanted, created_at = _wanted(warehouse, _rules(root / before)), project.clock.now()
    folder = write_changed(root, before, wanted, version=version, as_of=as_of, created_at=created_at)
    if folder is None:
        return None
    proof = proved_changes(project, folder)
    try:
        manifest = pointer.switch(root, version, instead_of=before)
    except SnapshotError:
        shutil.rmtree(folder)
        raise
    return ChangedCustomers(version, before, manifest.delta, proof)


def _rules(folder: Path) -> Rules:
    """Those of a version: an edited file goes live with `publish` alone."""
    with SnapshotReader(folder) as reader:
        return Rules(list(reader.placements.values()), reader.policies, reader.learned.definitions(), reader.segments)


def _wanted(warehouse: Warehouse, rules: Rules) -> Wanted:
    if is_everybody(warehouse):
        return Wanted(everybody(warehouse, rules), identifiers_of(warehouse), everybody=True)
    touched = {str(customer) for (customer,) in warehouse.rows(CUSTOMERS)}
    held = list(identifiers_of(warehouse, TOUCHED))
    # What belongs to somebody else decides the rows of these customers and is as it was.
    others = {(one.type, one.value_hash) for one in held if one.customer_id not in touched}
    asked = [(str(kind), str(value_hash)) for kind, value_hash in warehouse.rows(ASKED)]
    return Wanted(
        profiles_of(warehouse, rules, TOUCHED),
        [one for one in held if one.customer_id in touched],
        gone=touched,
        unowned=[pair for pair in asked if pair not in others],
    )
