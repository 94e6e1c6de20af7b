"""Turn the warehouse into the live snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from intake.ops_erasure import ErasureHalfDoneError
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.edits.record import record_edits
from orchestration.erasure.snapshot_store import base_of
from orchestration.experiment_versions import note_live
from orchestration.experiments_published import publish_probabilities
from orchestration.model_registry import ModelRegistry
from orchestration.offpolicy.judge import require_judged
from orchestration.pin import current_as_of
from orchestration.policy.evidence import Proof
from orchestration.policy.publish_config import fairness_of, proved
from orchestration.replay.keep import let_go
from orchestration.snapshot_contents import collect
from orchestration.visits.published import visit_model
from orchestration.warehouse import Warehouse, WarehouseBusyError
from serving.snapshot import pointer
from serving.snapshot.building import sweep
from serving.snapshot.records import SnapshotError
from serving.snapshot.writer import write_snapshot
from serving.yaml_file import ConfigError

PUBLISHER = "run"


@dataclass(frozen=True)
class LiveSnapshot:
    """The version that was made live."""

    version: str
    as_of: str
    counts: Mapping[str, int]
    total_bytes: int
    removed: tuple[str, ...]
    proof: Proof


def publish_snapshot(project: Project, warehouse: Warehouse, models: ModelRegistry) -> LiveSnapshot:
    """Write a version, switch to it and remove the oldest ones.

    Raises:
        SnapshotError: the version cannot be written or verified; what was live stays live. Or it is live, and steps of
            experiments taken meanwhile could not follow it; the message says which.
        OffPolicyRefusedError: logged traffic does not speak for a changed placement (settings: offpolicy).
        ProofError: a guardrail does not hold; what was live stays live.
        ConfigError: a file is wrong, such as the split of an experiment that was edited in flight.
        ValueError: nothing was pinned yet, so there is no moment to publish.
    """
    OpsStore(project.paths).require_no_open_erasure()
    as_of = current_as_of(warehouse)
    if as_of is None:
        raise ValueError(f"{warehouse.path}: nothing is pinned yet; run the pipeline first")
    require_judged(project, warehouse.connect)
    root = project.paths.snapshots
    sweep(root)
    created = project.clock.now()
    contents = replace(collect(project, warehouse, models.in_use()), visit_model=visit_model(models))
    taken = {base_of(manifest.version) for manifest in pointer.list_versions(root)}
    base = f"{as_of:%Y%m%dT%H%M%S}"
    version = next(name for name in (base, *(f"{base}-{number}" for number in range(2, 10_000))) if name not in taken)
    folder = write_snapshot(root, contents, version=version, as_of=as_of, created_at=created)
    proof = proved(project, folder, fairness_of(project, warehouse))
    before = pointer.current(root)
    manifest = pointer.switch(root, version)
    note_live(project, contents.learned)
    record_edits(project, before, version, PUBLISHER, created)
    live = _with_steps_taken_meanwhile(project, warehouse, version)
    removed = let_go(project, pointer.outdated(root, project.settings.serving.keep_snapshots)).removed
    size = sum(file.stat().st_size for file in (root / live).rglob("*") if file.is_file())
    return LiveSnapshot(live, manifest.as_of, dict(manifest.counts), size, tuple(removed), proof)


def _with_steps_taken_meanwhile(project: Project, warehouse: Warehouse, version: str) -> str:
    """Put steps of experiments live that were taken while the version was built: it does not know them."""
    try:
        return publish_probabilities(project, warehouse) or version
    except (SnapshotError, ConfigError, ErasureHalfDoneError, WarehouseBusyError, OSError) as error:
        raise SnapshotError(
            f"version {version} is live; what failed after it is the step that brings the newest shares and "
            f"probabilities of experiments: {error}. The next hourly run does it again"
        ) from error
