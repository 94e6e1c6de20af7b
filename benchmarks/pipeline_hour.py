"""What an hourly run costs with a long history behind it, against a short one."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.measured import Cost, run
from benchmarks.pipeline_copies import multiply
from benchmarks.pipeline_events import Shop, land_hour
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from ml.identity import IdentityRules
from orchestration.environment import variables
from orchestration.export import publish_tables
from orchestration.warehouse import Warehouse

NEW_EVENTS = 100_000


def first_run(project: Project, shop: Shop) -> None:
    """Build everything once."""
    print(f"first run {_hourly(project, shop.end)}", flush=True)


def hour(project: Project, shop: Shop) -> float:
    """CPU seconds of an hourly run with new events, less one that finds nothing."""
    with Warehouse(project.paths.warehouse).connect() as connection:
        events = int(connection.execute("select count(*) from staging.stg_events").fetchall()[0][0])
    empty = _hourly(project, shop.end + timedelta(minutes=5))
    land_hour(project.paths, shop, NEW_EVENTS, seed=1)
    new = _hourly(project, shop.end + timedelta(minutes=10))
    print(
        f"{events:,} events: nothing new {empty}; {NEW_EVENTS:,} new {new}, {_touched(project):,} rows of customers"
        f" made again; difference {new.cpu - empty.cpu:.1f} CPU s",
        flush=True,
    )
    return new.cpu - empty.cpu


def lengthened(project: Project, folder: Path, shop: Shop, copies: int) -> Project:
    """The same project elsewhere with `copies` more histories of the same length before its own, published."""
    shutil.copytree(project.paths.root.parent, folder, symlinks=True)
    longer = Project.open(DataPaths(folder / "data"), folder / "config")
    copied(longer, copies, shop.days)
    publish_tables(longer, "lengthened")
    return longer


def copied(project: Project, copies: int, days: int) -> None:
    """Put `copies` more histories beside a project's own, each `days` days before the one before it."""
    rules = IdentityRules(**project.settings.identity.model_dump())
    events = multiply(Warehouse(project.paths.warehouse), OpsStore(project.paths), rules, copies, days)
    print(f"{events:,} events with {copies} copies", flush=True)


def _hourly(project: Project, as_of: datetime) -> Cost:
    command = [sys.executable, "-m", "orchestration.cli.main", "run", "--hourly", "--as-of", as_of.isoformat()]
    cost, said = run(command, variables(project.paths, project.config))
    print("   " + "\n   ".join(said.strip().splitlines()), flush=True)
    return cost


def _touched(project: Project) -> int:
    file = (project.paths.published / "current").resolve() / "concierge.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        newest = (
            "select count(*) from marts.customer_features where last_seen_at >= (select max(as_of) - interval 1 day"
        )
        return int(connection.execute(f"{newest} from marts.customer_features)").fetchall()[0][0])
