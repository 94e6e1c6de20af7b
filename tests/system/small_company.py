"""A small company in a data folder of its own, and its daily tables for comparison."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.warehouse import Warehouse
from simulation.company import write_company
from simulation.company_config import write_company_config
from tests.system.parsed_project import lend

CUSTOMERS, DAYS, SEED = 60, 40, 11
# Rows that arrive late do so within hours: a week after the last day everything has arrived, whatever the minute.
SETTLED = timedelta(days=7)
DAILY_SCHEMAS = ("staging", "intermediate")
# Bookkeeping of the load, which no model reads.
BOOKKEEPING = ("loaded_at",)


def company(root: Path, parsed: Path | None = None) -> Project:
    """`root/data` with a landing folder, `root/config` whose contracts read it; the clock stands a week later."""
    if parsed is not None:
        lend(parsed, root / "data")
    landing = root / "data" / "landing"
    write_company(landing, root / "data" / "truth", CUSTOMERS, DAYS, SEED)
    config = write_company_config(repository_root() / "config", root / "config", landing, minimum_segment_size=5)
    settings = config / "settings.yml"
    content = yaml.safe_load(settings.read_text())
    start = datetime.fromisoformat(content["clock"]["start"]).replace(tzinfo=UTC) + SETTLED
    content["clock"]["start"] = start.isoformat()
    settings.write_text(yaml.safe_dump(content))
    return Project.open(DataPaths(root / "data"), config)


def copy_of(project: Project, root: Path) -> Project:
    """The same landing folder, keys, configuration and parsed dbt project elsewhere, with nothing taken in yet."""
    data, config = root / "data", root / "config"
    for name in ("landing", "keys", "dbt/target"):
        source = project.paths.root / name
        if source.exists():
            shutil.copytree(source, data / name)
    shutil.copytree(project.config, config)
    for contract in (config / "sources").glob("*.yml"):
        moved = contract.read_text().replace(str(project.paths.root / "landing"), str(data / "landing"))
        contract.write_text(moved)
    return Project.open(DataPaths(data), config)


def settled(project: Project) -> datetime:
    """The moment the project's clock starts."""
    start = project.settings.clock.start
    assert start is not None
    return start


def daily_tables(project: Project) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every daily table, sorted, without bookkeeping columns."""
    warehouse = Warehouse(project.paths.warehouse)
    marks = ", ".join(f"'{schema}'" for schema in DAILY_SCHEMAS)
    columns = warehouse.rows(
        "select table_schema || '.' || table_name, column_name from information_schema.columns"
        f" where table_schema in ({marks}) order by 1, ordinal_position"
    )
    names: dict[str, list[str]] = {}
    for table, column in columns:
        if column not in BOOKKEEPING:
            names.setdefault(str(table), []).append(f'cast("{column}" as varchar)')
    return {
        table: sorted(warehouse.rows(f"select {', '.join(chosen)} from {table}"), key=str)
        for table, chosen in names.items()
    }
