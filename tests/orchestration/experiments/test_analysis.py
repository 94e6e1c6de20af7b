"""Experiments from exposures to verdicts: a planted winner is shipped, a null is not, what is broken is not trusted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestration.experiments.analysis import analyse
from orchestration.experiments.reading import Reading
from tests.orchestration.experiments.played_shop import START, Shop


def at(days: float) -> datetime:
    """A moment after the start of the shop's experiments (aware UTC)."""
    return (START + timedelta(days=days)).replace(tzinfo=UTC)


def one(readings: list[Reading], name: str) -> Reading:
    """The reading of one experiment."""
    return next(reading for reading in readings if reading.experiment == name)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A winner, a null and a harmful experiment, looked at weekly until all is over."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.define("winner")
    shop.define("null")
    shop.define("harmful")
    shop.play("winner", lift=0.5, seed=1)
    shop.play("null", seed=2)
    shop.play("harmful", seed=3, complaints={"treat": 0.20})
    return shop


def test_a_planted_winner_is_shipped_and_a_null_is_not(played: Shop) -> None:
    readings = analyse(played.project, at(24))
    assert one(readings, "winner").verdict == "ship"
    assert one(readings, "winner").arm == "treat"
    assert one(readings, "null").verdict == "no difference"
    assert one(readings, "harmful").verdict == "stop"
