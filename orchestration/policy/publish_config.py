"""Put edited placements and policies live: the live version with other rules, proved, and switched to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.edits.record import record_edits
from orchestration.experiment_versions import note_live, require_unedited
from orchestration.experiments_published import learned_now
from orchestration.incentives.advice import published_advice
from orchestration.offpolicy.judge import require_judged
from orchestration.policy.asking import PUBLISHED, published_features
from orchestration.policy.evidence import Proof, ProofError
from orchestration.policy.fairness_rules import load_fairness_rules
from orchestration.policy.proof import Fairness, prove, prove_changed
from orchestration.segments.carried import published_segments
from orchestration.version_names import free_name
from orchestration.warehouse import Warehouse
from serving.content import load_content
from serving.lean import attributes_used
from serving.live import LiveSnapshot
from serving.membership import carried
from serving.snapshot import pointer
from serving.snapshot.manifest import check_schema, read_manifest
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import SnapshotError
from serving.snapshot.reworded import write_reworded
from serving.uplift import advised_actions

GROUPS = "select attribute, customer_id, value from marts.customer_sensitive where attribute in ({marks})"


@dataclass(frozen=True)
class ConfigPublished:
    """The version that was made live, the one it was made from, and the proof."""

    version: str
    before: str
    proof: Proof


def publish_config(project: Project, publisher: str) -> ConfigPublished:
    """Write the live version again with the files as they stand, prove the guardrails, switch, and note the edits.

    `publisher` is who does so, for the record.

    Raises:
        ConfigError: a file is wrong.
        OffPolicyRefusedError: logged traffic does not speak for a changed placement (settings: offpolicy).
        ProofError: a guardrail does not hold; what was live stays live.
        SnapshotError: there is no live version, it cannot be written, or another went live meanwhile.
    """
    OpsStore(project.paths).require_no_open_erasure()
    content = load_content(project.config)
    require_judged(project)
    require_unedited(project, content.experiments)
    root = project.paths.snapshots
    before = pointer.current(root)
    if before is None:
        raise SnapshotError(f"{root}: there is no live snapshot; make one with: concierge run")
    check_schema(read_manifest(root / before))
    # After that look: a step of an experiment that goes live from here on is noticed at the switch.
    learned = learned_now(project, content.experiments)
    with SnapshotReader(root / before) as live:
        of_segments = carried(live.segments, content.placements, content.policies)
    names = attributes_used(content.placements, content.policies) | of_segments
    database = project.paths.published / PUBLISHED
    features = published_features(database, sorted(names))
    segments = published_segments(database, of_segments)
    advice = published_advice(database, advised_actions(content.placements, content.policies))
    version = free_name(root, before)
    folder = write_reworded(
        root,
        before,
        content,
        version=version,
        created_at=project.clock.now(),
        more=lambda one: {**features.get(one, {}), **advice.get(one, {}), **segments.get(one, {})},
        learned=learned,
    )
    proof = proved(project, folder, fairness_of(project))
    try:
        # Else older profiles could take the place of those that a run has just published.
        pointer.switch(root, version, instead_of=before)
    except SnapshotError:
        shutil.rmtree(folder)
        raise
    note_live(project, learned)
    record_edits(project, before, version, publisher, project.clock.now())
    return ConfigPublished(version, before, proof)


def proved(project: Project, folder: Path, fairness: Fairness) -> Proof:
    """The proof of a version that is written and not yet live; a version that fails is removed.

    Raises:
        ProofError: a guardrail does not hold.
    """
    return _proved(folder, lambda live: prove(live, fairness, project.clock.now()))


def proved_changes(project: Project, folder: Path) -> Proof:
    """The same of a version with changes beside a proved data file.

    Raises:
        ProofError: a guardrail does not hold.
    """
    return _proved(folder, lambda live: prove_changed(live, project.clock.now()))


def _proved(folder: Path, judge: Callable[[LiveSnapshot], Proof]) -> Proof:
    try:
        with closing(LiveSnapshot(SnapshotReader(folder))) as live:
            proof = judge(live)
        if not proof.holds:
            raise ProofError(proof)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return proof


def fairness_of(project: Project, warehouse: Warehouse | None = None) -> Fairness:
    """Gaps and groups of a project, from the warehouse of a run or else from the published tables."""
    rules = load_fairness_rules(project.config)
    database = project.paths.published / PUBLISHED
    if not rules.groups or (warehouse is None and not database.exists()):
        return Fairness(rules)
    sql = GROUPS.format(marks=", ".join("?" for _ in rules.groups))
    if warehouse is not None:
        return Fairness(rules, _by_attribute(warehouse.rows(sql, rules.groups)))
    with duckdb.connect(str(database), read_only=True) as connection:
        return Fairness(rules, _by_attribute(connection.execute(sql, rules.groups).fetchall()))


def _by_attribute(rows: Iterable[Sequence[object]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for attribute, customer, value in rows:
        found.setdefault(str(attribute), {})[str(customer)] = str(value)
    return found
