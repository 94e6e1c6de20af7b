"""Versions of experiments as their files, what was published and what happened make them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intake.ops_experiment_versions import LiveVersion, VersionBook
from orchestration.experiments.analysis import paused_of
from orchestration.experiments.versions import every_version, in_files, is_over
from serving.experiments.definition import Experiment
from serving.experiments.split import split_hash
from tests.orchestration.experiments.played_shop import Shop

NOW = datetime(2026, 3, 25, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A bandit with three arms, published as version 2; its file has lost one of them since."""
    shop = Shop(tmp_path)
    define(shop)
    whole = in_files(shop.project)["banner"]
    arms = {**whole.arms, "gone": whole.arms["treat"]}
    published = whole.model_copy(update={"arms": arms, "version": 2})
    content = json.dumps(published.model_dump(mode="json"), sort_keys=True)
    version = LiveVersion("banner", 2, split_hash(published), content)
    VersionBook(shop.project.paths).record_live_version(version, NOW - timedelta(days=9))
    return shop


def define(shop: Shop, **fields: Any) -> None:
    shop.define("banner", kind="bandit", version=2, **fields)


def found(shop: Shop) -> tuple[Experiment, bool]:
    """The one version, and whether it is over."""
    files = in_files(shop.project)
    (one,) = every_version(shop.project, files)
    current = files["banner"].version if files else None
    return one, is_over(one, [], current, NOW)


def test_a_file_ends_its_experiment_also_where_an_arm_was_lost_in_flight(shop: Shop) -> None:
    one, over = found(shop)
    assert set(one.arms) == {"plain", "treat", "gone"}
    assert paused_of(one, {("banner", 2, "treat"), ("banner", 1, "plain")}) == {"gone", "treat"}
    assert not over
    for fields in ({"status": "stopped"}, {"ends_at": (NOW - timedelta(days=1)).isoformat()}):
        define(shop, **fields)
        assert found(shop)[1]


def test_an_experiment_whose_file_was_deleted_is_over(shop: Shop) -> None:
    (shop.project.config / "experiments" / "banner.yml").unlink()
    one, over = found(shop)
    assert (one.key, over) == ("banner/2", True)


def test_the_file_says_how_a_version_is_judged_and_what_was_published_who_drew_it(shop: Shop) -> None:
    define(shop, planned_size=77, traffic=0.9, metrics={"primary": "conversion"})
    one, _ = found(shop)
    assert (one.planned_size, one.traffic, one.metrics.primary) == (77, 0.2, "conversion")
