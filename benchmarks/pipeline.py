"""The real dbt project on a large lake: against one query by hand, hour by hour, and at several cut-offs.

    python -m benchmarks.pipeline [--events 1000000] [--part models|hour|frame] [--copies 0] [--keep FOLDER]

`models`: staging, sessions, daily tables and features, against one hand-written DuckDB query for visits and 42
aggregates on the same files; beside it, what 41 of these aggregates cost that features have as well, from the three
models that they need. `hour`: `concierge run --hourly` with 100,000 new events, on the history and on a tenth of
it (ten times shorter, with as much traffic a day and a tenth of the customers), each less a run that finds nothing.
`frame`: the training frame at 1, 2, 4 and 8 cut-offs, with the columns that models learn from. `--copies 9` adds nine
copies of other people to what was built, for ten times the customers and events at the price of building one: on the
same days for the frame, before its first day for `hour`, which measures the lengthened history against the built one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.measured import Cost, run
from benchmarks.pipeline_dbt import dbt, warm_start
from benchmarks.pipeline_events import Shop, land
from benchmarks.pipeline_hour import copied, first_run, hour, lengthened
from benchmarks.pipeline_reference import from_days, query
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from ml.identity import IdentityRules
from orchestration.batches import batch_size
from orchestration.cli.init_command import write_project
from orchestration.environment import dbt_project_dir
from orchestration.identity.ledger import update_ledger
from orchestration.partitions import DayRange
from orchestration.pin import pin
from orchestration.warehouse import Warehouse

# The bounds are set for ten million, which takes an hour of a busy machine.
USUAL, CUSTOMERS_A_MILLION, DAYS = 1_000_000, 50_000, 365
CUTOFFS = (1, 2, 4, 8)
# What features are made from; identities and accounts have measures of their own.
BEHIND_AGGREGATES = ("stg_events", "int_events", "int_identifier_daily")
FOR_THE_LEDGER = ("int_identifier_seen_daily", "int_identity_pair_daily")
# No feature reads these: companies, and what the live service holds of a visit.
APART = ("int_account_sighting_daily", "int_session_features")


def shop_of(events: int, days: int = DAYS) -> Shop:
    """A shop with so many events in so many days; 50,000 customers a million events."""
    return Shop(events, max(events * CUSTOMERS_A_MILLION // 1_000_000, 100), days)


def opened(folder: Path, shop: Shop) -> Project:
    """A project of its own with the shop's lake; one that a broken run has left there is not written again."""
    if not (folder / "config").exists():
        write_project(folder)
    project = Project.open(DataPaths(folder / "data"), folder / "config")
    ops = OpsStore(project.paths)
    if not ops.visible_files():
        land(project.paths, shop)
    rows = sum(file.rows for file in ops.visible_files())
    size = sum(file.stat().st_size for file in project.paths.lake_events.rglob("*.parquet"))
    print(f"{rows:,} events of {shop.customers:,} customers in {shop.days} days, {size / 1e6:,.0f} MB", flush=True)
    return project


def window(shop: Shop) -> list[str]:
    """All days of the shop."""
    return ["--event-time-start", f"{shop.first}", "--event-time-end", f"{shop.end:%Y-%m-%d}"]


def behind_features() -> list[str]:
    """The daily models that features read beyond `BEHIND_AGGREGATES`, found in the project."""
    extra = [file.stem for file in (dbt_project_dir() / "models/intermediate/daily").glob("*.sql")]
    apart = {*BEHIND_AGGREGATES, *FOR_THE_LEDGER, *APART}
    return sorted(name for name in extra if name not in apart)


def models(folder: Path, shop: Shop) -> Project:
    """Staging to features against the query by hand."""
    project = opened(folder, shop)
    warehouse = Warehouse(project.paths.warehouse)
    files = pin(OpsStore(project.paths), warehouse, shop.end).files
    build = partial(dbt, project, batches=batch_size(DayRange(shop.first, shop.last), files))
    warm, start = warm_start(project), build()
    told(f"a warm dbt, once a run: {warm:.1f} CPU s; a command that finds nothing to do: {start}")
    narrow = build("--select", *BEHIND_AGGREGATES, *window(shop))
    told(f"events and daily sums: {narrow}")
    wide = build("--select", *behind_features(), *window(shop))
    told(f"the other daily tables: {wide}")
    build("--select", *FOR_THE_LEDGER, *window(shop))
    update_ledger(warehouse, IdentityRules(**project.settings.identity.model_dump()))
    lake = str(project.paths.lake_events / "*" / "*.parquet")
    reference = in_duckdb(project.paths.root / "by_hand.duckdb", query(lake, shop.end.replace(tzinfo=None)))
    same = in_duckdb(project.paths.warehouse, from_days(shop.end.replace(tzinfo=None)))
    told(f"by hand: {reference}; 41 aggregates from days: {same}")
    features = build("--select", "+customer_features", "--exclude", "tag:daily")
    told(f"features: {features}")
    report(narrow, wide, features, start, warm, same, reference)
    print(f"{warehouse.count('marts.customer_features'):,} customers", flush=True)
    return project


def told(line: str) -> None:
    """A line at once: a large lake takes long, and what was measured before a fault still counts."""
    print(line, flush=True)


def report(narrow: Cost, wide: Cost, features: Cost, start: Cost, warm: float, same: Cost, reference: Cost) -> None:
    """All signals, and the aggregates that both have, as multiples of the query by hand."""
    ours, starts = narrow.cpu + wide.cpu + features.cpu, 3 * start.cpu
    print(
        f"staging to features {ours + warm:.1f} CPU s, {(ours + warm) / reference.cpu:.2f} x by hand;"
        f" without warming dbt up and starting it three times {(ours - starts) / reference.cpu:.2f} x;"
        f" 41 of the 42 aggregates alone {(narrow.cpu - start.cpu + same.cpu) / reference.cpu:.2f} x;"
        f" at most {max(cost.peak for cost in (narrow, wide, features)) / 1e9:.2f} GB",
        flush=True,
    )


def in_duckdb(database: Path, sql: str) -> Cost:
    """One statement in a process of its own, with the same threads and memory as dbt has."""
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); "
        "c.execute(\"set threads = 2; set memory_limit = '3GB'; set preserve_insertion_order = false\").fetchall(); "
        "c.execute(sys.argv[2]).fetchall()"
    )
    return run([sys.executable, "-c", code, str(database), sql], {})[0]


def frame(project: Project, shop: Shop) -> None:
    """The training frame at more and more cut-offs."""
    warehouse = Warehouse(project.paths.warehouse)
    os.environ["CONCIERGE_FRAME"] = "models"
    for number in CUTOFFS:
        moments = [shop.end.replace(tzinfo=None) - timedelta(days=45 + 14 * place) for place in range(number)]
        asked = pd.DataFrame({"as_of": moments, "horizon_days": 45, "role": "train"})
        warehouse.replace({"ops.cutoff": asked})
        cost = dbt(project, "--select", "training_frame")
        print(f"{number} cut-offs: {cost}; {warehouse.count('marts.training_frame'):,} rows", flush=True)


def hours(root: Path, events: int, copies: int) -> None:
    """New events on a history against the same on a tenth of it, or on its copies against itself."""
    short = shop_of(events if copies else events // 10, max(DAYS // 10, 1))
    project = opened(root / "short", short)
    first_run(project, short)
    if copies:
        long = short
        longer = lengthened(project, root / "long", short, copies)
    else:
        long = shop_of(events)
        longer = opened(root / "long", long)
        first_run(longer, long)
    short_one, long_one = hour(project, short), hour(longer, long)
    print(f"new events on the long history against the short one: {long_one / short_one:.2f} x")


def main() -> None:
    """Measure the chosen parts and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=USUAL)
    parser.add_argument("--part", choices=("models", "hour", "frame"), action="append")
    parser.add_argument("--copies", type=int, default=0, help="add so many copies to what was built")
    parser.add_argument("--keep", type=Path, help="leave the folders there")
    chosen = parser.parse_args()
    parts = chosen.part or ["models", "frame", "hour"]
    shop = shop_of(chosen.events)
    with tempfile.TemporaryDirectory() as scratch:
        root = chosen.keep or Path(scratch)
        if {"models", "frame"} & set(parts):
            project = models(root / "models", shop)
            if "frame" in parts:
                copied(project, chosen.copies, days=0)
                frame(project, shop)
        if "hour" in parts:
            hours(root, chosen.events, chosen.copies)


if __name__ == "__main__":
    main()
