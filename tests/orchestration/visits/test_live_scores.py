"""Visits that are lived through the service are scored as the batch scores them, and decided again to the byte."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intake.clock import SteppedClock
from intake.project import Project
from ml.visits import BOUNCE, INTENT
from ml.visits.points import probabilities
from orchestration.model_registry import ModelRegistry
from orchestration.publish import publish_snapshot
from orchestration.visits.models import MODEL, VisitModels, scores_from, train_visits
from orchestration.visits.moments import visit_rows
from orchestration.visits.published import visit_model
from orchestration.warehouse import Warehouse
from serving.live import LiveSnapshot
from serving.policy import Policy, Rule
from serving.replay.again import replay
from serving.session.reducer import shipped_reducer
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.visit_scores import VisitModel
from tests.orchestration.test_model_registry import card
from tests.orchestration.test_publish import project, warehouse
from tests.orchestration.visits.test_moments import many
from tests.serving import sample
from tests.serving.service_client import config, logged, running

__all__ = ["project", "warehouse"]
RULES = [
    Rule(name=f"by_{name}", effect="reason", when=f"known_{name} && {name} > 0.5", reason="x", placements=["home_hero"])
    for name in (INTENT, BOUNCE)
]
POLICY = Policy(name="live", version=1, description="d", owner="o", rules=RULES)
VISITS = 12
NOTHING_YET = {"events": 1, "orders": 0, "checkouts": 0}


@pytest.fixture(scope="module")
def trained() -> VisitModels:
    return train_visits(*visit_rows(many(900), shipped_reducer()))


def test_a_lived_visit_is_scored_as_in_the_batch(trained: VisitModels, tmp_path: Path) -> None:
    scores = scores_from(trained.files())
    folder = sample.write(
        tmp_path / "snapshots", "v1", policies=[POLICY], visit_model=VisitModel("v1", trained.goal, scores)
    )
    pointer.switch(tmp_path / "snapshots", "v1")
    visits = [one for one in many(60, seed=9) if len(one) > 1][:VISITS]
    asyncio.run(live_through(tmp_path, visits))
    rows, _ = visit_rows(visits, shipped_reducer())
    read_after = {1, 2, 3, 5}
    told = [line["properties"].get("session", {}) for line in logged(tmp_path, "decisions")]
    assert len(told) == sum(map(len, visits))
    moments = [(one, place) for one, visit in enumerate(visits) for place in range(1, len(visit) + 1)]
    in_batch = [found for (_, place), found in zip(moments, told, strict=True) if place in read_after]
    lived = [found[INTENT] for found in in_batch if INTENT in found]
    np.testing.assert_allclose(lived, probabilities(scores[INTENT], rows[INTENT]), rtol=1e-12)
    bounced = [found[BOUNCE] for found in told if BOUNCE in found]
    np.testing.assert_allclose(bounced, probabilities(scores[BOUNCE], rows[BOUNCE]), rtol=1e-12)
    with closing(LiveSnapshot(SnapshotReader(folder))) as live:
        for file in (tmp_path / "service_log" / "decisions").glob("*.jsonl"):
            assert all(replay(live, line).identical for line in file.read_bytes().splitlines())


async def live_through(root: Path, visits: list[Any]) -> None:
    """Every visit by a browser of its own; a decision is asked at the moment of each event."""
    clock = SteppedClock(sample.NOW)
    async with running(config(root, clock=clock, overlay=root / "runtime", overlay_megabytes=16)) as client:
        for one, visit in enumerate(visits):
            who = [{"type": "cookie", "value": f"browser-{one}"}]
            begins = clock.now() + timedelta(hours=1)
            for at_us, event in visit:
                clock.move_to(begins + timedelta(microseconds=at_us))
                posted = event | {"identifiers": who, "occurred_at": clock.now().isoformat()}
                await client.post("/v1/events", json={"events": [posted]})
                await client.post("/v1/decide", json={"identifiers": who, "placements": ["home_hero"]})


def test_the_registry_s_model_is_what_is_published(trained: VisitModels, tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path)
    assert visit_model(registry) is None
    registry.save(replace(card("20180102-abc"), name=MODEL), trained.files())
    found = visit_model(registry)
    assert found is not None
    assert (found.version, found.goal) == ("20180102-abc", "checkout_started")
    assert VisitModel.decoded(found.encoded()) == found


def test_a_published_snapshot_carries_the_model_that_serves(
    trained: VisitModels, project: Project, warehouse: Warehouse
) -> None:
    registry = ModelRegistry(project.paths.models)
    registry.save(replace(card("20180102-abc"), name=MODEL), trained.files())
    published = publish_snapshot(project, warehouse, registry)
    with closing(LiveSnapshot(SnapshotReader(project.paths.snapshots / published.version))) as live:
        assert live.reader.visit_model == visit_model(registry)
        # The shipped rules ask for intent and not for the bounce.
        assert live.visit_scores.of(NOTHING_YET).keys() == {INTENT}


def test_a_model_of_features_that_are_gone_is_left_out(trained: VisitModels, tmp_path: Path) -> None:
    files = {name: content.replace(b'"cart_adds"', b'"cart_gone"') for name, content in trained.files().items()}
    registry = ModelRegistry(tmp_path)
    registry.save(replace(card("v"), name=MODEL), files)
    assert visit_model(registry) is None
