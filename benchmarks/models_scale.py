"""What training and scoring cost at 500,000 customers who have ordered: CPU seconds and peak memory of each model.

`python -m benchmarks.models_scale DATA_FOLDER` copies the warehouse of a finished demo and makes it as large as asked:
every customer who has ordered appears many times, under other ids, with amounts and ages up to 5 % off (seeded by the
new id), in the training frame, the labels, today's features and consent. Of the purchase facts each copy keeps one day
in `KEPT_DAYS`, since a grocery's 600 lines a year are more than most shops have. The assets themselves then run, each
in a process of its own; starting Python and importing are not counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measured import run
from benchmarks.models_scale_stage import STAGES
from intake.paths import DataPaths
from orchestration.warehouse import Warehouse

CUSTOMERS: Final = 500_000
KEPT_DAYS: Final = 20
COPIED: Final = ("marts.training_frame", "marts.training_label", "marts.customer_features", "marts.customer_consent")
PEOPLE: Final = "select distinct customer_id from marts.customer_features where orders_lifetime > 0"
# What a copy must not differ in: the outcome, and counts that others are compared with.
EXACT: Final = ("churned", "as_of", "customer_id", "horizon_days")
FACTS: Final = ("intermediate.int_customer_order_daily", "intermediate.int_customer_purchase_daily")
NEEDED: Final = ("warehouse.duckdb", "clock.json", "models", "dbt", "keys")


@dataclass(frozen=True)
class Measured:
    """One stage: what it did, in CPU seconds and peak bytes of its process."""

    name: str
    does: str
    cpu: float
    peak: float


def main() -> int:
    """Grow, run every stage, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="a finished data folder of the demo; it is copied")
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--stages", nargs="*", default=list(STAGES), choices=list(STAGES))
    parser.add_argument("--keep", type=Path, help="grow into this folder, or measure again what was grown there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="concierge-scale-") as temporary:
        folder = asked.keep or Path(temporary)
        if not (folder / "warehouse.duckdb").exists():
            prepare(asked.data, folder, asked.customers)
        print("\n".join(table(list(measure(folder, asked.stages)))))
    return 0


def prepare(data: Path, folder: Path, customers: int) -> None:
    """A data folder with as many customers as asked (or a few more: whole copies of everybody)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NEEDED:
        source = data / name
        if source.is_dir():
            shutil.copytree(source, folder / name, symlinks=True)
        elif source.exists():
            shutil.copy2(source, folder / name)
    warehouse = Warehouse(DataPaths(folder).warehouse)
    with warehouse.connect() as connection:
        originals = int(connection.execute(f"select count(*) from ({PEOPLE})").fetchall()[0][0])
        copies = -(-customers // originals)
        connection.execute("set preserve_insertion_order = false").fetchall()
        connection.execute("set memory_limit = '4GB'").fetchall()
        connection.execute(f"create or replace temp table people as {PEOPLE}").fetchall()
        connection.execute(
            "create or replace temp table copies as select customer_id as original, "
            f"'c' || substr(md5(customer_id || '-' || range), 1, 15) as customer_id, range % {KEPT_DAYS} as bucket "
            f"from people, range({copies})"
        ).fetchall()
        for address in (*COPIED, *FACTS, "marts.dim_customer", "marts.customer_product"):
            for statement in grown(connection.execute(f"describe {address}").fetchall(), address):
                connection.execute(statement).fetchall()


def grown(columns: list[tuple[object, ...]], address: str) -> Iterator[str]:
    """Statements that put a table with all copies in the place of one: written once, as large as it becomes."""
    chosen = ", ".join(_jittered(str(column[0]), str(column[1]), address) for column in columns)
    day = "event_date" if address in FACTS else "product_id"
    sampled = address in FACTS or address == "marts.customer_product"
    bucket = f"hash(customer_id, {day}) % {KEPT_DAYS}" if sampled else "0"
    kept = " and original_table.kept_bucket = copies.bucket" if sampled else ""
    yield f"create or replace temp table original_rows as select *, {bucket} as kept_bucket from {address}"
    yield f"drop view if exists {address}" if address in FACTS else f"drop table {address}"
    yield (
        f"create table {address} as select {chosen} from original_rows as original_table"
        f" inner join copies on original_table.customer_id = copies.original{kept}"
    )


def _jittered(name: str, kind: str, address: str) -> str:
    if name == "customer_id":
        return "copies.customer_id"
    if name in EXACT or address in FACTS or not kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")):
        return f'original_table."{name}"'
    noise = f"(0.95 + (hash(copies.customer_id, '{name}') % 1000) / 10000.0)"
    return f'cast(original_table."{name}" * {noise} as {kind}) as "{name}"'


def measure(folder: Path, stages: list[str]) -> Iterator[Measured]:
    """Each stage in a process of its own, in order."""
    for name in stages:
        environment = {"CONCIERGE_DATA": str(folder.resolve()), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "benchmarks.models_scale_stage", name]
        _, said = run(command, environment)
        told = json.loads(said.strip().splitlines()[-1])
        found = Measured(name, STAGES[name], float(told["cpu"]), float(told["peak"]))
        print(f"{found.name:28s} {found.cpu:8.1f} CPU s {found.peak / 1e9:6.2f} GB  {told['note']}", flush=True)
        yield found


def table(found: list[Measured]) -> Iterator[str]:
    """Markdown, with a sum for training and one for scoring."""
    yield from ("| stage | CPU s | peak GB |", "|---|---|---|")
    for kind in ("train", "score"):
        stages = [one for one in found if one.does == kind]
        for one in stages:
            yield f"| {one.name} | {one.cpu:.0f} | {one.peak / 1e9:.1f} |"
        if stages:
            total, peak = sum(one.cpu for one in stages), max(one.peak for one in stages)
            yield f"| **all that {kind}** | **{total:.0f}** | **{peak / 1e9:.1f}** |"


if __name__ == "__main__":
    raise SystemExit(main())
