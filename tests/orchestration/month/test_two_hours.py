"""Two simulated hours through the real service, intake and learning: what is counted is what happened."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from intake.clock import SteppedClock
from intake.log_line import payload
from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.month.crowd import Crowd
from orchestration.month.folder import Month, write_config
from orchestration.month.hour import HOUR, Life, live_hour
from orchestration.month.ledger import Ledger
from orchestration.month.shop import open_shop
from orchestration.month.steps import after_hour, paused_banners
from orchestration.offpolicy.building import draws_of
from orchestration.offpolicy.evaluating import registry_of
from orchestration.policy.publish_config import publish_config
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer
from simulation.month.planted import BANNERS, plant
from simulation.month.shoppers import draw_shoppers
from tests.orchestration.month import empty_warehouse
from tests.serving import sample

# Eight in the evening in the shop's time zone.
BEGIN = datetime(2018, 1, 3, 1, tzinfo=UTC)
SEED = 5


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A shop whose visitors are strangers, after two hours."""
    root = tmp_path_factory.mktemp("month")
    config = write_config(repository_root() / "config", root / "config", BEGIN, 3_000)
    paths, clock = DataPaths(root / "data"), SteppedClock(BEGIN)
    project = Project(paths, config, Project.open(paths, config).settings, clock)
    paths.root.mkdir(exist_ok=True)
    empty_warehouse.make(paths.warehouse)
    sample.write(paths.snapshots)
    pointer.switch(paths.snapshots, "v1")
    publish_config(project, "test")
    crowd = Crowd(draw_shoppers([], 1_000, 0, SEED), plant([-1], SEED))
    return asyncio.run(_two_hours(Month(project, clock, root), crowd))


async def _two_hours(month: Month, crowd: Crowd) -> Life:
    async with open_shop(month.project) as shop:
        life = Life(month, crowd, shop, ["p1", "p2"], SEED, Ledger(crowd.planted))
        for hour in (BEGIN, BEGIN + HOUR):
            await live_hour(life, hour, paused_banners(life))
            after_hour(life, hour + HOUR)
    return life


def rows(life: Life, sql: str) -> list[tuple[object, ...]]:
    return Warehouse(life.month.project.paths.warehouse).rows(sql)


def test_shoppers_came_and_nothing_was_lost(life: Life) -> None:
    assert life.visits > 50
    seen = sum(int(entry.was_shown.sum()) for entry in life.ledger.entries)
    assert life.exposures == 3 * seen
    assert life.events == sum(life.waiting.told.values()) > 0
    assert life.shop.decisions_lost == 0
    assert life.month.clock.now() == BEGIN + 2 * HOUR


def test_learning_counts_the_exposures_that_happened(life: Life) -> None:
    happened = Counter[str]()
    for entry in life.ledger.entries:
        happened.update(BANNERS[arm] for arm in entry.shown.banner[entry.was_shown].tolist())
    holdout = rows(
        life, "select count(*) from ml.learned_exposure where traffic = 'holdout' and experiment = 'month_banner'"
    )
    happened[BANNERS[0]] -= int(str(holdout[0][0]))
    counted = rows(life, "select arm, sum(exposures) from ml.arm_stats where experiment = 'month_banner' group by arm")
    assert {str(arm): int(str(n)) for arm, n in counted} == {arm: n for arm, n in happened.items() if n}


def test_learning_counts_the_clicks_that_were_made_in_time(life: Life) -> None:
    clicked = sum(int((entry.responses.clicked & entry.learned).sum()) for entry in life.ledger.entries)
    sql = "select sum(clicks) from ml.arm_stats where experiment = 'month_banner' and arm <> 'welcome'"
    found = rows(life, sql)
    assert int(str(found[0][0])) == clicked > 0


def test_the_service_draws_from_what_was_published(life: Life) -> None:
    probabilities = rows(
        life, "select arm, probability from ml.arm_probability where experiment = 'month_banner' and segment_id = -1"
    )
    assert probabilities
    live = pointer.current(life.month.project.paths.snapshots)
    assert live is not None
    assert live != "v1"


def test_every_draw_lies_in_the_part_of_its_arm(life: Life) -> None:
    log = life.month.project.paths.service_log / "decisions"
    lines = [json.loads(payload(line)) for file in log.glob("*.jsonl") for line in file.read_bytes().splitlines()]
    told = [one["properties"] for one in lines if one["properties"].get("experiment") == "month_banner"]
    drawn = [one for one in told if one.get("draw_u") is not None and one["traffic"] == "live"]
    assert len(drawn) > 50
    for one in drawn:
        arms = sorted(one["probabilities"])
        below = sum(one["probabilities"][arm] for arm in arms[: arms.index(one["arm"])])
        assert below - 1e-9 <= one["draw_u"] < below + one["probabilities"][one["arm"]] + 1e-9
        assert one["propensity"] == one["probabilities"][one["arm"]]


def test_the_judge_sees_the_draws_as_the_service_made_them(life: Life) -> None:
    experiment = registry_of(life.month.project)["month_banner/1"]
    assert list(experiment.arms) != sorted(experiment.arms)
    row = dict.fromkeys(experiment.arms, 0.2)
    for place, name in enumerate(sorted(experiment.arms)):
        frame = pd.DataFrame(
            {
                "draw_u": [0.2 * place + 0.1],
                "arm": [name],
                "unit_id": ["u"],
                "experiment": ["month_banner"],
                "experiment_version": [1],
                "probabilities": [json.dumps(row)],
                "propensity": [0.2],
                "margin": [0.0],
            }
        )
        absent = ["personalization_id", "action", "segment_id", "context_bucket", "conditional_propensity", "eligible"]
        frame = frame.assign(**dict.fromkeys(absent))
        others = pd.DataFrame({"experiment": [], "unit_id": [], "draw_u": []})
        found = draws_of(frame, others, "margin", {"month_banner/1": experiment})
        assert found is not None
        assert found.within[0] == pytest.approx(0.5)


def test_two_arms_of_a_person_are_one_on_every_visit(life: Life) -> None:
    arms: dict[int, set[int]] = {}
    for entry in life.ledger.entries:
        for shopper, delivery, was in zip(entry.shopper, entry.shown.delivery, entry.was_shown, strict=True):
            if was:
                arms.setdefault(int(shopper), set()).add(int(delivery))
    assert all(len(seen) == 1 for seen in arms.values())
    shares = np.bincount([next(iter(seen)) for seen in arms.values()], minlength=2)
    assert shares.min() > 0


def test_no_event_lies_in_the_future(life: Life) -> None:
    assert all(entry.hour + timedelta(hours=1) <= life.month.clock.now() for entry in life.ledger.entries)
    assert rows(life, "select count(*) from ml.fresh_event where received_at > timestamp '2018-01-03 03:00:00'") == [
        (0,)
    ]
