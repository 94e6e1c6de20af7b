"""Variances of exposures that people share, against sums by person and against experiments without an effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from ml.experiments.clusters import People, inflation
from ml.experiments.guard_rail import guard_rail
from ml.experiments.stratified import Stratified

Floats = npt.NDArray[np.float64]


def sums(value: Floats, person: npt.NDArray[np.int64]) -> People:
    units, totals = np.bincount(person).astype(np.float64), np.bincount(person, weights=value)
    return People(
        float(units.sum()), float(totals.sum()), float(units @ units), float(totals @ totals), float(units @ totals),
        float(value @ value),
    )  # fmt: skip


def test_the_factor_is_that_of_persons_residuals_over_units_residuals() -> None:
    random = np.random.default_rng(1)
    person = random.integers(40, size=900)
    value = random.normal(3.0, 1.0, 900) + random.normal(0.0, 1.0, 40)[person]
    residual = value - value.mean()
    found, _ = inflation(sums(value, person), sums(value, person))
    assert found == pytest.approx((np.bincount(person, weights=residual) ** 2).sum() / (residual**2).sum())
    assert inflation(sums(value, np.arange(900)), sums(value, np.arange(900))) == pytest.approx((1.0, 1.0))


def test_an_arm_in_which_nothing_came_yet_scatters_as_the_other_does() -> None:
    person, none = np.repeat(np.arange(20), 10), np.zeros(200)
    some = np.where(person == 3, 1.0, 0.0)
    own, other = inflation(sums(none, person), sums(some, person))
    assert own == pytest.approx(other) == pytest.approx(10.0, rel=0.1)


def test_without_an_effect_people_who_come_often_are_seldom_taken_for_harm() -> None:
    """Sixty people an arm, fifty exposures each; one in twenty of them complains of four exposures in ten."""
    random, told = np.random.default_rng(2), np.zeros(2)
    person = np.repeat(np.arange(60), 50)
    for _ in range(300):
        arms, people = [], []
        for _arm in range(2):
            rate = np.where(random.random(60) < 0.05, 0.4, 0.0)[person]
            value = (random.random(3_000) < rate).astype(np.float64)
            arms.append(Stratified(3_000, float(value.mean()), float(value.var())))
            people.append(sums(value, person))
        wider = [replace(arm, variance=arm.variance * by) for arm, by in zip(arms, inflation(*people), strict=True)]
        told += [guard_rail(*pair, alpha=0.05 / 3, lower_is_better=True).state == "harm" for pair in (arms, wider)]
    # With each exposure for itself more than a fifth look harmful.
    assert told[0] / 300 > 0.2
    assert told[1] / 300 <= 0.05 / 3
