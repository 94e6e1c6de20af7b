"""What follows orders: planted effects are there, nothing lies after the data, and the library's contracts read it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from intake.contract import load_contract
from intake.ingest import ingest
from intake.locations import files_of
from intake.paths import DataPaths, repository_root
from intake.project import Project
from simulation.company import FIRST_DAY, company_frames, write_company
from simulation.company_config import write_company_config
from simulation.orders import index_orders
from simulation.people import REGIONS, draw_people
from simulation.report import SimulationReport
from simulation.service.story import draw_story
from simulation.service.weather import STORM_MM, draw_weather
from simulation.service.write import JSON_SOURCES, SOURCES
from tests.intake.scene import lake_rows

CUSTOMERS, DAYS, SEED = 200, 120, 4


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("company")


@pytest.fixture(scope="module")
def report(root: Path) -> SimulationReport:
    return write_company(root / "landing", root / "truth", CUSTOMERS, DAYS, SEED, service=True)


def records(root: Path, source: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / "landing" / source / f"{source}.jsonl").read_text().splitlines()]


def test_late_parcels_bring_tickets_and_lower_ratings_and_storms_bring_late_parcels() -> None:
    frames = company_frames(1_500, 150, 9)
    orders = index_orders(frames["transactions"], frames["products"])
    people, weather = draw_people(orders, 9), draw_weather(orders.start_us, orders.days, 9)
    story = draw_story(orders, people, weather, 9)
    late = story.late_days > 0
    assert story.has_ticket[late].mean() > 10 * story.has_ticket[~late].mean()
    assert story.rating[late].mean() < story.rating[~late].mean() - 0.4
    assert np.corrcoef(story.quality, story.rating)[0, 1] > 0.4
    poor, good = story.quality < -0.4, story.quality > 0.4
    assert story.is_returned[poor].mean() > 1.5 * story.is_returned[good].mean()
    day = (story.promised_us - orders.start_us) // 86_400_000_000 - 1
    region = np.array([REGIONS.index(name) for name in people.regions])[story.person]
    storm = weather.rain[region, np.clip(day, 0, orders.days - 1)] > STORM_MM
    assert late[storm].mean() > 3 * late[~storm].mean()


def test_every_source_has_rows_and_none_lies_after_the_data(root: Path, report: SimulationReport) -> None:
    rows = {source.source: source.rows for source in report.sources}
    assert all(rows[name] > 0 for name in SOURCES)
    end = datetime.fromisoformat(report.end_date).replace(tzinfo=UTC)
    moments = {"deliveries": "at", "product_reviews": "created_at", "support_tickets": "changed_at"}
    for source, field in (moments | {"survey_answers": "submitted_at"}).items():
        times = [datetime.fromisoformat(record[field]) for record in records(root, source)]
        assert times == sorted(times)
        assert times[-1] < end
    assert pd.read_csv(root / "landing" / "weather" / "weather.csv").groupby("region").size().eq(DAYS).all()


def test_parcels_are_promised_then_dispatched_then_delivered(root: Path, report: SimulationReport) -> None:
    steps = defaultdict(list)
    for record in records(root, "deliveries"):
        steps[record["order_number"]].append(record["event"])
    order = {"promised": 0, "dispatched": 1, "failed": 2, "delivered": 3}
    assert all(found == sorted(found, key=order.__getitem__) for found in steps.values())
    assert all(found[0] == "promised" for found in steps.values())


def test_contracts_of_the_library_read_every_row(root: Path, report: SimulationReport) -> None:
    config = write_company_config(repository_root() / "config", root / "config", root / "landing")
    project = Project.open(DataPaths(root / "data"), config)
    read = {}
    for name in SOURCES:
        contract = load_contract(config / "sources" / f"{name}.yml")
        done = ingest(project, contract, files_of(project, contract))
        assert (done.total("quarantined"), done.total("duplicate")) == (0, 0), name
        read[name] = done.total("rows_read")
    assert read == {
        source.source: source.rows if source.source != "survey_answers" else _answers(root)
        for source in report.sources
        if source.source in SOURCES
    }
    events = Counter(event["event_type"] for event in lake_rows(project))
    assert events["delivery_promised"] >= events["delivery_completed"] > 0
    assert events["return_requested"] >= events["return_received"] > 0
    contexts = [event for event in lake_rows(project) if event["event_type"] == "review_written"]
    assert all(json.loads(event["properties"])["reviewer_use"] for event in contexts)


def _answers(root: Path) -> int:
    return sum(len(record["answers"]) for record in records(root, "survey_answers"))


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, root: Path, report: SimulationReport) -> None:
    write_company(tmp_path / "landing", tmp_path / "truth", CUSTOMERS, DAYS, SEED, service=True)
    for source in SOURCES:
        for file in (root / "landing" / source).iterdir():
            assert file.read_bytes() == (tmp_path / "landing" / source / file.name).read_bytes()


def test_a_company_in_parts_is_one_company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.company.PART_CUSTOMERS", 60)
    whole = write_company(tmp_path / "l", tmp_path / "t", 150, 40, 3, FIRST_DAY, service=True)
    shop = tmp_path / "l" / "shop"
    parts = [pd.read_parquet(file) for file in sorted(shop.glob("transactions*.parquet"))]
    assert len(parts) == 3
    households = [set(part["household_id"]) for part in parts]
    assert set.union(*households) == set(range(1, 151))
    assert sum(map(len, households)) == 150
    baskets = [set(part["basket_id"]) for part in parts]
    assert sum(map(len, baskets)) == len(set.union(*baskets))
    truth = pd.read_parquet(tmp_path / "t" / "identifiers.parquet")
    assert sorted(file.name for file in (tmp_path / "t").iterdir()) == [
        "click_effects.parquet", "click_tastes.parquet", "faults.parquet", "identifiers.parquet",
        "potential_outcomes.parquet", "sessions.parquet",
    ]  # fmt: skip
    assert pd.read_parquet(tmp_path / "t" / "click_tastes.parquet")["person_id"].nunique() == 150
    assert (
        not pd.read_parquet(tmp_path / "t" / "click_effects.parquet").duplicated(["taste", "attribute", "level"]).any()
    )
    personal = truth[truth["type"].isin(["loyalty_id", "login", "email"])]
    assert not personal.duplicated(["type", "value_clear"]).any()
    assert truth["person_id"].nunique() == 150
    assert len(list(shop.glob("products*.parquet"))) == 1
    known = set(pd.read_parquet(shop / "products.parquet")["product_id"])
    assert all(set(part["product_id"]) <= known for part in parts)
    again = write_company(tmp_path / "l", tmp_path / "t", 150, 40, 3, FIRST_DAY, service=True)
    assert (whole.state, again.state) == ("written", "unchanged")
    assert set(JSON_SOURCES) <= {source.source for source in whole.sources}
