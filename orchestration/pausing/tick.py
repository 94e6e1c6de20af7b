"""One round of looks after a run: judged from the tables as they stand, written down, acted on."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime

from intake.ops_store import OpsStore
from intake.pause_records import Look, PauseEvent
from intake.pause_rules import rule_of
from intake.project import Project
from intake.settings_pausing import CAUSES
from orchestration.experiments_published import in_force
from orchestration.pausing.bench import Bench
from orchestration.pausing.conversion_looks import conversion_looks, keep_usual
from orchestration.pausing.experiment_looks import experiment_looks, running_by_key
from orchestration.pausing.shop_looks import shop_looks
from orchestration.pausing.tables import Tables, tables_of
from orchestration.warehouse import Warehouse
from serving.experiments.files import load_experiments
from serving.pausing.live_looks import ALL
from serving.placement_files import load_placements
from serving.yaml_file import ConfigError

_LOG = logging.getLogger(__name__)
ACTOR = "run"
# Evidence about experiments lies in tables; once none runs at a surface, nothing there can be wrong any more.
OF_EXPERIMENTS = ("sample_ratio", "identity_conflicts", "guard_rail")


def tick(
    project: Project, as_of: datetime, now: datetime | None = None, *, is_publishing: bool = False
) -> list[PauseEvent]:
    """Look at every surface once, and pause or resume what follows from it.

    Args:
        project: whose surfaces.
        as_of: the moment that the tables are of, aware.
        now: when the steps happen; `as_of` when left out.
        is_publishing: the snapshot is being made, so that its age says nothing.

    Returns:
        The steps that were taken.
    """
    settings, ops = project.settings.pausing, OpsStore(project.paths)
    if not settings.enabled:
        return []
    moment = now or as_of
    with tables_of(Warehouse(project.paths.warehouse)) as tables:
        found = [
            look
            for look in looks(project, tables, as_of, moment)
            if not (is_publishing and look.cause == "stale_snapshot")
        ]
    return ops.record_looks(found, {cause: rule_of(settings, cause) for cause in CAUSES}, moment, actor=ACTOR)


def looks(project: Project, tables: Tables, as_of: datetime, now: datetime) -> Iterator[Look]:
    """Every look of a run."""
    settings, ops = project.settings.pausing, OpsStore(project.paths)
    yield from shop_looks(project, tables, as_of, now)
    keep_usual(ops, tables, settings, as_of)
    bench = bench_of(project, ops, now)
    owing = conversion_looks(tables, settings, as_of, None if bench is None else bench.served)
    found = [look for look in owing if bench is None or look.surface in bench.placements]
    found += experiment_looks(bench, tables, as_of) if bench else []
    yield from found
    yield from _gone(ops, found, is_known=bench is not None)


def _gone(ops: OpsStore, found: Sequence[Look], *, is_known: bool) -> Iterator[Look]:
    """Looks at what is paused and shows nothing any more: without them a pause that ends by itself never would.

    Orders of the whole shop are looked at by the service.

    Args:
        found: looks at what there is.
        is_known: whether the experiments that run are known.
    """
    seen = {(look.surface, look.cause) for look in found}
    for pause in ops.pauses():
        if (pause.scope, pause.cause) in seen:
            continue
        if pause.cause in OF_EXPERIMENTS and is_known:
            yield Look(pause.scope, pause.cause, "healthy", "no experiment with such evidence runs here any more")
        elif pause.cause == "zero_conversions" and pause.scope != ALL:
            yield Look(pause.scope, pause.cause, "silent", "nothing that was shown here is old enough to be judged")


def bench_of(project: Project, ops: OpsStore, now: datetime) -> Bench | None:
    """The experiments that run now, by their files and what ops knows; None while the files have mistakes."""
    try:
        placements = load_placements(project.config / "placements")
        experiments = load_experiments(project.config / "experiments", placements)
        shares = in_force(project, experiments)
    except ConfigError as error:
        _LOG.warning("experiments are not looked at, their files have mistakes: %s", error)
        return None
    running, names = running_by_key(experiments, shares, now), frozenset(one.name for one in placements)
    return Bench(running, ops.paused_arms(), project.settings.pausing, names)
