"""Worlds that judge learners must be right themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from simulation.worlds.ledger import Ledger
from simulation.worlds.making import fatigue_world, four_arm_shop, response_world, with_new_taste
from simulation.worlds.player import START, play
from simulation.worlds.traffic import Shop

WORLD = response_world(1, segments=2, contexts=2, arms=3, hourly=400.0)


def test_an_oracle_keeps_everything_and_an_even_split_is_what_it_is() -> None:
    best = np.eye(3)[WORLD.value(0).argmax(axis=1)]

    def oracle(stats: pd.DataFrame, delay: pd.DataFrame, as_of: datetime) -> npt.NDArray[np.float64]:
        return best

    played = play(WORLD, 5, 30, oracle)
    assert played.share(1) == pytest.approx(1.0)
    assert played.earned[0] == pytest.approx(played.even[0])
    assert 0.3 < played.even.sum() / played.best.sum() < 1.0


def test_the_same_seed_brings_the_same_people_whatever_they_see() -> None:
    shop, cell = Shop(WORLD, 3), Shop(WORLD, 3).visitors(7)
    assert (shop.visitors(7) == cell).all()
    one, two = (shop.shown(7, cell, np.full(cell.size, arm)) for arm in (0, 1))
    assert (one.delay == two.delay).all()
    surely = WORLD.conversion[0].min(axis=1)
    assert (surely > 0).all()


def test_what_the_ledger_tells_is_what_happened() -> None:
    world = replace(WORLD, delay_hours=2.0)
    shop, ledger = Shop(world, 2), Ledger(world, 120, START)
    shown = converted = 0
    margin = 0.0
    for hour in range(120):
        cell = shop.visitors(hour)
        seen = shop.shown(hour, cell, shop.drawn(hour, cell, np.full((4, 3), 1 / 3)))
        due = seen.is_converted & (hour + seen.delay <= 119)
        shown, converted, margin = shown + cell.size, converted + int(due.sum()), margin + seen.margin[due].sum()
        ledger.add(seen)
        ledger.arrive(hour)
    stats = ledger.stats(119)
    assert stats["exposures"].sum() == shown
    assert stats["conversions"].sum() == converted == ledger.delay()["conversions"].sum()
    assert stats["margin_micros"].sum() == pytest.approx(1e6 * margin, rel=1e-6)
    assert stats["hour"].max() == pd.Timestamp(START + timedelta(hours=119))


def test_conversions_come_as_often_as_the_truth_says() -> None:
    shop = Shop(replace(four_arm_shop(1, hourly=20_000.0), day_spread=0.0), 4)
    cell = np.zeros(400_000, dtype=np.int64)
    seen = shop.shown(0, cell, np.full(cell.size, 2))
    truth = four_arm_shop(1).conversion[0, 0, 2]
    assert seen.is_converted.mean() == pytest.approx(truth, rel=0.03)
    assert seen.margin[seen.is_converted].mean() == pytest.approx(25.0, rel=0.03)


def test_a_new_taste_changes_the_answer_to_arms_and_not_how_often_people_buy() -> None:
    world = with_new_taste(WORLD, 1, hour=24)
    before, after = np.log(world.conversion)
    assert world.value(23) == pytest.approx(WORLD.value(0))
    assert np.abs(world.value(24) / world.value(23) - 1).max() > 0.1
    assert after.mean(axis=1) == pytest.approx(before.mean(axis=1))


def test_in_the_fatigue_world_the_best_of_today_is_the_worst_in_the_end() -> None:
    for seed in range(5):
        world = fatigue_world(seed)
        today = world.value(0).mean(axis=0)
        assert today.argmax() == 3
        assert (today + world.lifetime.mean(axis=0)).argmin() == 3
