"""Faults in the files of a shop, through a real run: one alert each, which names source, day and cause."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml

from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from orchestration.cli.init_command import write_project
from orchestration.pipeline import run_pipeline
from tests.system.parsed_project import lend

pytestmark = pytest.mark.system
DAYS = ["group:intake", "group:lake", "group:staging", "group:daily"]
FIRST, NUMBER = date(2026, 1, 5), 30
LAST = FIRST + timedelta(days=NUMBER - 1)
MORNING = datetime(LAST.year, LAST.month, LAST.day, 3, tzinfo=UTC) + timedelta(days=1)
ORDERS = 60
HEADER = "order_number,ordered_at,customer_number,email,sku,quantity,line_total\n"


def _shop(root: Path) -> Project:
    """Two tills with contracts of the template; their clock stands on the morning after the last day."""
    write_project(root)
    data, config = root / "data", root / "config"
    template = (config / "sources" / "my_orders.yml").read_text().replace("America/New_York", "UTC")
    (config / "sources" / "my_orders.yml").unlink()
    for name in ("north", "south"):
        contract = yaml.safe_load(template)
        contract.update(name=name, location=f"{data}/landing/{name}/*")
        (config / "sources" / f"{name}.yml").write_text(yaml.safe_dump(contract, sort_keys=False))
    settings = yaml.safe_load((config / "settings.yml").read_text())
    settings["clock"] = {"start": MORNING.isoformat()}
    (config / "settings.yml").write_text(yaml.safe_dump(settings))
    return Project.open(DataPaths(data), config)


def _write_day(folder: Path, source: str, day: date, factor: float) -> Path:
    rng = np.random.default_rng(day.toordinal() + len(source) + ord(source[0]))
    count = rng.poisson(ORDERS)
    hours, amounts = rng.integers(8, 20, count), np.exp(rng.normal(3.0, 0.5, count)) * factor
    rows = [
        f"{source}-{day}-{place},{day} {hours[place]:02d}:30:00,C-{place},c{place}@example.com,sku-{place % 9},1,"
        f"{amounts[place]:.2f}\n"
        for place in range(count)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{day}.csv"
    file.write_text(HEADER + "".join(rows))
    return file


def _deliver(project: Project) -> None:
    """Thirty days of both; on the last one north has hundredfold amounts and south sends nothing."""
    landing = project.paths.root / "landing"
    for number in range(NUMBER):
        day = FIRST + timedelta(days=number)
        north = _write_day(landing / "north", "north", day, 100.0 if day == LAST else 1.0)
        if day != LAST:
            _write_day(landing / "south", "south", day, 1.0)
        if day == FIRST:
            shutil.copy(north, north.with_name("again.csv"))


def test_faults_in_files_are_one_alert_each(tmp_path: Path, parsed_project: Path) -> None:
    project = _shop(tmp_path / "shop")
    lend(parsed_project, project.paths.root)
    _deliver(project)
    run_pipeline(project, MORNING, select=DAYS)
    store = OpsStore(project.paths)
    told = {alert.cause: alert.title for alert in store.list_alerts()}
    assert set(told) == {
        f"quality:amounts:north:{LAST}",
        f"quality:silent:south:{LAST}",
        "intake:repeated_file:north",
    }, told
    assert told[f"quality:amounts:north:{LAST}"].startswith(f"north, {LAST}: amounts moved")
    assert told[f"quality:silent:south:{LAST}"].startswith(f"south, {LAST}: silent, no events")
    pages = project.paths.data_docs
    front = (pages / "index.html").read_text()
    for suite in ("raw", "arrivals", "staged", "days"):
        assert f"{suite}/index.html" in front
        assert (pages / suite / "index.html").exists()
    assert not [page for page in pages.rglob("*.html") if "example.com" in page.read_text()]
    assert {"slo_freshness_hours"} <= {item.metric for item in store.metrics()}
