"""The month's own data and configuration folders, made from a finished demo, which stays as it was."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from filelock import FileLock, Timeout

from intake.clock import SteppedClock, set_anchor
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from orchestration.cli.errors import CommandError
from orchestration.learning.facts import has_facts
from orchestration.locks import run_lock
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer
from serving.snapshot.manifest import read_manifest

NAME = "month"
MARKER = "month.txt"
# Visitors of an A/B test by customer: on another device some are another person. After two weeks 1.3, after three 1.5.
PLANNED_SHARE, LEAST_PLANNED = 1.4, 200
FEWEST = 150
"""Customers below which fewer people come to an A/B test than it is planned for at least, so that none ever ends."""
SHIPPED = Path(__file__).with_name("config")
# All that a run goes on from; landing files were taken in, and the service's log begins anew.
_CARRIED = ("lake", "models", "snapshots", "published", "vault", "keys", "dagster", "dbt", "warehouse.duckdb")
# Without these there is nothing to go on from, whatever snapshot is live.
_NEEDED = ("truth/identifiers.parquet", "warehouse.duckdb", "ops.sqlite", "published/current", "lake", "models", "keys")
# What somebody paused in the demo is no part of what is promised of the month.
_LEFT_BEHIND = ("pause", "guardrail_event", "guardrail_look")


@dataclass(frozen=True)
class Month:
    """Where the month lives: a project of its own whose clock the driver moves, and the truth beside it."""

    project: Project
    clock: SteppedClock
    root: Path

    @property
    def truth(self) -> Path:
        """Folder of the truth, which no contract reads."""
        return self.root / "truth"

    def tell_time(self) -> None:
        """Let other processes, such as a run's or `concierge status`, read the same time."""
        start = self.project.settings.clock.start
        if start is not None:
            set_anchor(start, self.project.paths.root / "clock.json", self.clock.now())


@contextmanager
def only_month(base: Project) -> Iterator[None]:
    """Nobody else lives a month in this data folder meanwhile; a killed one leaves no lock behind.

    Raises:
        CommandError: somebody does.
    """
    base.paths.root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(base.paths.root / f"{NAME}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CommandError(f"{base.paths.root / NAME}: a month is lived there now; wait for it, or stop it") from None
    try:
        yield
    finally:
        lock.release()


def make_month(base: Project, customers: int) -> Month:
    """Copy the finished demo into `<data>/month` and add the month's placements and experiments.

    A month that is there already is given up, once it is sure that another can begin: each begins where the demo ended.
    `customers` are those who may visit.

    Raises:
        CommandError: too few customers, nothing whole is there to begin from, or the folder holds something else.
    """
    root = base.paths.root / NAME
    _require_enough(customers)
    _require_ours(root)
    with run_lock(base.paths):
        live = _finished(base)
        start = first_midnight(read_manifest(base.paths.snapshots / live).as_of, ZoneInfo(base.settings.time_zone))
        _clear(root)
        paths = DataPaths(root / "data")
        _copy(base.paths, paths)
    config = write_config(base.config, root / "config", start, customers)
    clock = SteppedClock(start)
    month = Month(replace(Project.open(paths, config), clock=clock), clock, root)
    month.tell_time()
    return month


def _require_enough(customers: int) -> None:
    if customers < FEWEST:
        raise CommandError(
            f"customers: {customers} is fewer than {FEWEST}: A/B tests are planned for at least {LEAST_PLANNED} people,"
            f" of {customers} customers too few come to them"
        )


def _require_ours(root: Path) -> None:
    if root.exists() and any(root.iterdir()) and not (root / MARKER).exists():
        raise CommandError(f"{root}: is no simulated month (it has no {MARKER}); move it away first")


def _clear(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / MARKER).write_text("A simulated month; the next `concierge month` removes this folder.\n", encoding="utf-8")


def _finished(base: Project) -> str:
    """The live version of a demo that a month can go on from."""
    root, live = base.paths.root, pointer.current(base.paths.snapshots)
    missing = [name for name in _NEEDED if not (root / name).exists()]
    if live is None or missing:
        lacks = f" (it lacks {', '.join(missing)})" if live is not None else ""
        raise CommandError(f"{root}: holds no finished demo to begin from{lacks}; run: make demo")
    with Warehouse(base.paths.warehouse).connect() as connection:
        if not has_facts(connection):
            raise CommandError(
                f"{root}: learning cannot read the demo's tables, which another version built; run: make demo"
            )
    return live


def first_midnight(as_of: str, zone: ZoneInfo) -> datetime:
    """The first local midnight after a moment."""
    seen = datetime.fromisoformat(as_of)
    local = seen.astimezone(zone)
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), zone)
    return midnight.astimezone(seen.tzinfo)


def _copy(base: DataPaths, paths: DataPaths) -> None:
    paths.root.mkdir(parents=True)
    for name in _CARRIED:
        source = base.root / name
        if source.is_dir():
            shutil.copytree(source, paths.root / name, symlinks=True)
        elif source.exists():
            shutil.copy2(source, paths.root / name)
    with closing(sqlite3.connect(base.ops_db)) as old, closing(sqlite3.connect(paths.ops_db)) as new:
        old.backup(new)
    with OpsStore(paths).transaction() as connection:
        for table in _LEFT_BEHIND:
            connection.execute(f"delete from {table}")


def write_config(base: Path, config: Path, start: datetime, customers: int) -> Path:
    """A configuration folder with the month's placements and experiments, and a clock that begins at `start`."""
    shutil.copytree(base, config)
    # Experiments of the shop itself would share the visitors and are no part of what is promised.
    shutil.rmtree(config / "experiments", ignore_errors=True)
    shutil.copytree(SHIPPED, config, dirs_exist_ok=True)
    for file in sorted((config / "experiments").glob("*.yml")):
        _plan_for(file, customers)
    file = config / "settings.yml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    settings["clock"] = {"start": start.isoformat()}
    # A busy machine must not turn decisions into prepared answers: this is about learning, not about latency.
    settings["serving"] = {**settings.get("serving", {}), "deadline_ms": 60_000}
    # Profiles stay those of the demo all month, and minutes of this machine are hours of the month.
    settings["pausing"] = {**settings.get("pausing", {}), "snapshot_hours": None, "decision_p99_ms": None}
    file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return config


def _plan_for(file: Path, customers: int) -> None:
    """Plan an A/B test for the visitors who will have come, and whose window is over, in the third week."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    if content["kind"] == "ab":
        content["planned_size"] = max(LEAST_PLANNED, round(PLANNED_SHARE * customers))
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
