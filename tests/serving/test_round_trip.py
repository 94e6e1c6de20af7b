"""What the service writes down is what intake reads back, through the shipped contracts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from intake.hashing import keyed_hash
from intake.paths import DataPaths
from intake.project import Project
from intake.regime import ConsentRules
from intake.scan import scan_locations
from serving.snapshot import pointer
from serving.snapshot.records import IdentifierRow
from tests.serving import sample
from tests.serving.service_client import config, running

ANN = [{"type": "loyalty_id", "value": "ann"}]


def hashed(kind: str, value: str) -> str:
    return keyed_hash(b"k" * 16, kind, value)


async def traffic(root: Path, project: Project) -> dict[str, Any]:
    identifiers = [IdentifierRow("loyalty_id", hashed("loyalty_id", "ann"), "ann")]
    sample.write(project.paths.snapshots, identifiers=identifiers)
    pointer.switch(project.paths.snapshots, "v1")
    async with running(config(root, hash_identifier=hashed, clock=project.clock)) as client:
        body = {"placements": ["home_hero", "weekly_email_offer"], "identifiers": ANN, "context": {"channel": "web"}}
        decisions = (await client.post("/v1/decide", json=body)).json()["decisions"]
        shown = {"personalization_id": decisions[0]["personalization_id"], "placement": "home_hero", "identifiers": ANN}
        await client.post("/v1/exposures", json={"exposures": [shown]})
        added = {"event_type": "cart_added", "product_id": "p1", "quantity": 2, "unit_price": 1.25, "identifiers": ANN}
        await client.post("/v1/events", json={"events": [added | {"event_id": "e1", "properties": {"a": 1}}]})
    return {decision["placement"]: decision for decision in decisions}


def test_decisions_exposures_and_events_come_back_through_intake(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path))
    project = Project.open(DataPaths(tmp_path), sample.CONFIG)
    decisions = asyncio.run(traffic(tmp_path, project))
    reports = scan_locations(project, sources=["service_events", "service_exposures", "service_decisions"])
    assert sum(report.total("accepted") for report in reports) == 5
    assert sum(report.total("quarantined") for report in reports) == 0
    rows = [
        row for file in project.paths.lake_events.rglob("*.parquet") for row in pq.ParquetFile(file).read().to_pylist()
    ]
    made = {json.loads(row["properties"])["placement"]: row for row in rows if row["event_type"] == "decision_made"}
    assert set(made) == set(decisions)
    for placement, row in made.items():
        properties = json.loads(row["properties"])
        answer = decisions[placement]
        assert row["personalization_id"] == answer["personalization_id"]
        assert row["identifiers"] == [{"type": "loyalty_id", "value": hashed("loyalty_id", "ann")}]
        for name in ("action", "propensity", "rung", "reason", "snapshot_version", "segment_id", "eligible", "blocked"):
            assert properties[name] == answer[name]
    shown = {row["personalization_id"] for row in rows if row["event_type"] == "exposure_shown"}
    assert shown == {answer["personalization_id"] for answer in decisions.values()}
    (event,) = [row for row in rows if row["event_type"] == "cart_added"]
    assert (event["event_id"], event["product_id"], float(event["unit_price"])) == ("e1", "p1", 1.25)
    assert json.loads(event["properties"]) == {"a": 1}


def test_a_decision_for_somebody_untracked_comes_back_as_nobody_s(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path))
    project = Project.open(DataPaths(tmp_path), sample.CONFIG)
    sample.write(project.paths.snapshots)
    pointer.switch(project.paths.snapshots, "v1")
    strict = ConsentRules.model_validate({"regions": {"DE": "opt_in"}})

    async def ask() -> None:
        async with running(config(tmp_path, clock=project.clock, rules=lambda: strict)) as client:
            body = {"placements": ["home_hero"], "identifiers": ANN, "context": {"country": "DE"}}
            (answer,) = (await client.post("/v1/decide", json=body)).json()["decisions"]
            assert (answer["rung"], answer["missing_purpose"]) == ("no_consent", "analytics")

    asyncio.run(ask())
    (report,) = scan_locations(project, sources=["service_decisions"])
    assert (report.total("accepted"), report.total("quarantined")) == (1, 0)
    (file,) = project.paths.lake_events.rglob("*.parquet")
    (row,) = pq.ParquetFile(file).read().to_pylist()
    assert row["identifiers"] == []
    assert json.loads(row["properties"])["missing_purpose"] == "analytics"
