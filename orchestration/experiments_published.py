"""Experiments on their way into a version: who runs with which share, what was learned, and who drew what."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence

from intake.ops_experiments import ExperimentBook, ExperimentEvent
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.experiment_versions import note_live
from orchestration.refresh.whose import EVERYBODY, Whose
from orchestration.version_names import free_name
from orchestration.warehouse import Warehouse
from serving.experiments.checks import mistakes_between
from serving.experiments.definition import Experiment
from serving.experiments.enrolment import Remembered, earliest
from serving.experiments.learned import ArmRow, Learned, learned_of, read_learned
from serving.snapshot import pointer
from serving.snapshot.records import SnapshotError
from serving.snapshot.relearned import write_relearned
from serving.yaml_file import ConfigError

PROBABILITIES = """
    select experiment, experiment_version, segment_id, context_bucket, arm, probability, table_version
    from {table} order by experiment, experiment_version, segment_id, context_bucket, arm
"""
ASSIGNED = """
    select experiment, experiment_version, unit_type, unit_id, customer_id, arm, propensity, table_version,
        probabilities, epoch(first_exposed_at)
    from {table} where unit_type <> 'session' and (unit_type = 'account' or {among}) order by first_exposed_at, unit_id
"""
ACCOUNTS = """
    select customer_id, min(account_id) from marts.account_member where {among}
    group by customer_id having count(distinct account_id) = 1
"""
TABLES = "select table_schema || '.' || table_name from information_schema.tables"
_TRIES = 3
_BEGUN, _OVER = ("start", "ramp", "hold"), ("stop", "ship")


def shares_in_force(experiments: Sequence[Experiment], events: Sequence[ExperimentEvent]) -> dict[str, float]:
    """By `name/version` the share of its layer that each running experiment has now.

    An experiment runs when its file says so, or when a draft was started by command. A file that says paused or
    stopped is obeyed at once; so is a stop.
    """
    found = {}
    for one in experiments:
        own = _own(one, events)
        begun = one.status == "running" or (one.status == "draft" and bool(_steps(own)))
        if begun and not _is_over(own):
            told = [event.share for event in own if event.share is not None]
            found[one.key] = min(told[-1], one.traffic) if told else one.first_share
    return found


def _own(one: Experiment, events: Sequence[ExperimentEvent]) -> list[ExperimentEvent]:
    return [event for event in events if (event.experiment, event.version) == (one.name, one.version)]


def _steps(events: Sequence[ExperimentEvent]) -> list[str]:
    return [event.kind for event in events if event.kind in _BEGUN + _OVER]


def _is_over(events: Sequence[ExperimentEvent]) -> bool:
    steps = _steps(events)
    return bool(steps) and steps[-1] in _OVER


def in_force(project: Project, experiments: Sequence[Experiment]) -> dict[str, float]:
    """`shares_in_force` by what the project's operational store knows."""
    return shares_in_force(experiments, ExperimentBook(project.paths).experiment_events())


def require_startable(project: Project, experiments: Sequence[Experiment], name: str) -> None:
    """A draft could run beside those that run: there is room in its layer, and nobody has its salt or placement.

    Raises:
        ConfigError: it could not; what stands in its way.
    """
    shares = in_force(project, experiments)
    together = [
        one.model_copy(update={"status": "running"}) if one.name == name or one.key in shares else one
        for one in experiments
    ]
    wrong = [f"{who}: {field[0]}: {what}" for who, field, what in mistakes_between(together)]
    if wrong:
        raise ConfigError(wrong[0], wrong)
    started = {one.key: one.first_share for one in experiments if one.name == name}
    learned_of(experiments, shares | started, _live(project).slots)


def learned_now(
    project: Project, experiments: Sequence[Experiment], warehouse: Warehouse | None = None
) -> Learned:  # fmt: skip
    """What to publish of these experiments: shares in force, places in layers, and the newest probabilities.

    Without a warehouse the probabilities are those of the live version.

    Raises:
        LayerFullError: those that run want more of a layer than there is.
    """
    live = _live(project)
    rows = None if warehouse is None else probabilities(warehouse)
    found = live.probabilities if rows is None else rows
    events = ExperimentBook(project.paths).experiment_events()
    ended = [one.key for one in experiments if _is_over(_own(one, events))]
    return learned_of(experiments, shares_in_force(experiments, events), live.slots, found, ended)


def probabilities(warehouse: Warehouse) -> list[ArmRow] | None:
    """The table that the learner wrote last; None where there is none yet."""
    with warehouse.connect() as connection:
        there = {str(name) for (name,) in connection.execute(TABLES).fetchall()}
        table = next((name for name in ("ml.arm_probability", "marts.arm_probability") if name in there), None)
        if table is None:
            return None
        rows = connection.execute(PROBABILITIES.format(table=table)).fetchall()
    return [
        ArmRow(str(name), int(v), int(segment), str(bucket), str(arm), float(p), str(version or ""))
        for name, v, segment, bucket, arm, p, version in rows
    ]


def publish_probabilities(project: Project, warehouse: Warehouse | None = None) -> str | None:
    """Put new probabilities, ramp shares and stops live on the profiles of the live version.

    Experiments are those of the live version: an edited file goes live with `publish` alone. Where another version goes
    live meanwhile it is tried again upon that one: a stop must not wait for the next run.

    Returns:
        The new version, or None when nothing has changed or nothing is live.

    Raises:
        SnapshotError: the version cannot be written, or others went live all the while; what was live stays live.
        ConfigError: those that run want more of a layer than there is.
    """
    OpsStore(project.paths).require_no_open_erasure()
    for _ in range(_TRIES - 1):
        try:
            return _publish(project, warehouse)
        except SnapshotError:
            continue
    return _publish(project, warehouse)


def _publish(project: Project, warehouse: Warehouse | None) -> str | None:
    root, before = project.paths.snapshots, pointer.current(project.paths.snapshots)
    live = _live(project)
    if before is None or not live.experiments:
        return None
    learned = learned_now(project, live.definitions(), warehouse or _warehouse(project))
    if learned == live:
        return None
    version = free_name(root, before)
    folder = write_relearned(root, before, learned, version=version, created_at=project.clock.now())
    try:
        pointer.switch(root, version, instead_of=before)
    except SnapshotError:
        shutil.rmtree(folder)
        raise
    note_live(project, learned)
    return version


def live_shares(project: Project) -> dict[str, float]:
    """By `name/version` the share that the live version serves."""
    return dict(_live(project).shares)


def assigned(
    warehouse: Warehouse, experiments: Sequence[Experiment], whose: Whose = EVERYBODY
) -> dict[str, dict[str, Remembered]]:
    """By customer and `name/version` the arm that each was shown first, in experiments of the registry."""
    there = {str(row[0]) for row in warehouse.rows(TABLES)}
    table = next((name for name in ("ml.assignment", "marts.assignment") if name in there), None)
    units = {one.key: one.unit for one in experiments}
    own = whose.among("customer_id")
    members = _members(warehouse, own) if "account" in units.values() and table is not None else {}
    found: dict[str, dict[str, Remembered]] = {}
    for row in [] if table is None else warehouse.rows(ASSIGNED.format(table=table, among=own)):
        key, unit_type, unit_id, customer = f"{row[0]}/{row[1]}", str(row[2]), str(row[3]), row[4]
        if units.get(key) != unit_type:
            continue
        people = members.get(unit_id, []) if unit_type == "account" else [] if customer is None else [str(customer)]
        for name in people:
            known = found.setdefault(name, {})
            if (first := earliest([known.get(key), _remembered(row)])) is not None:
                known[key] = first
    return found


def accounts(warehouse: Warehouse, experiments: Sequence[Experiment], whose: Whose = EVERYBODY) -> dict[str, str]:
    """By customer the one account they belong to, where an experiment draws by account."""
    if not any(one.unit == "account" for one in experiments):
        return {}
    there = {str(row[0]) for row in warehouse.rows(TABLES)}
    sql = ACCOUNTS.format(among=whose.among("customer_id"))
    rows = warehouse.rows(sql) if "marts.account_member" in there else []
    return {str(customer): str(account) for customer, account in rows}


def _members(warehouse: Warehouse, whose: str) -> dict[str, list[str]]:
    there = {str(row[0]) for row in warehouse.rows(TABLES)}
    found: dict[str, list[str]] = {}
    sql = ACCOUNTS.format(among=whose)
    for customer, account in warehouse.rows(sql) if "marts.account_member" in there else []:
        found.setdefault(str(account), []).append(str(customer))
    return found


def _remembered(row: Sequence[object]) -> Remembered:
    is_holdout, moment = row[5] == "holdout", int(float(str(row[9])))
    return Remembered(
        "" if is_holdout else str(row[5]),
        float(str(row[6])),
        str(row[7] or ""),
        str(row[3]),
        moment,
        moment,
        "holdout" if is_holdout else "live",
        _row(row[8]),
    )


def _row(text: object) -> dict[str, float]:
    found: Mapping[str, float] = json.loads(str(text)) if text else {}
    return {str(arm): float(p) for arm, p in found.items()}


def _live(project: Project) -> Learned:
    version = pointer.current(project.paths.snapshots)
    return Learned() if version is None else read_learned(project.paths.snapshots / version)


def _warehouse(project: Project) -> Warehouse | None:
    return Warehouse(project.paths.warehouse) if project.paths.warehouse.exists() else None
