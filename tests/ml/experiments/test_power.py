"""Planned sizes against Student's exact power and simulated experiments."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ml.experiments.means import Mean
from ml.experiments.power import Baseline, detectable_effect, duration_days, planned_size
from ml.experiments.proportions import Proportion
from ml.experiments.ratios import Ratio
from ml.experiments.sequential import boundaries


def students_power(n: int, effect: float) -> float:
    """Exact power of the two-sided t-test of two arms of n each, effect in standard deviations."""
    df, shift, bound = 2 * n - 2, effect * sqrt(n / 2), stats.t.ppf(0.975, 2 * n - 2)
    return float(stats.nct.sf(bound, df, shift) + stats.nct.cdf(-bound, df, shift))


@pytest.mark.parametrize("power", [0.8, 0.9])
def test_means_have_the_power_of_the_exact_test(power: float) -> None:
    plan = planned_size(Baseline.of_mean(20.0, 40.0), 0.1, power=power)
    assert plan.arms["control"] == plan.arms["treatment"] == plan.total // 2
    assert students_power(plan.arms["control"], 2 / 40) == pytest.approx(power, abs=1e-3)
    assert detectable_effect(Baseline.of_mean(20.0, 40.0), plan.total, power=power) == pytest.approx(0.1, rel=1e-3)


def test_shares_have_the_published_size() -> None:
    # Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, formula 4.14 without pooling:
    # 10 % against 12 % at 5 % and 80 % by hand: (1.959964 + 0.841621)^2 (0.09 + 0.1056) / 0.02^2 = 3838.1.
    plan = planned_size(Baseline.of_proportion(0.1), 0.2)
    assert plan.arms == {"control": 3839, "treatment": 3839}
    random = np.random.default_rng(1)
    a, b = (random.binomial(3839, share, 20_000) / 3839 for share in (0.1, 0.12))
    z = (b - a) / np.sqrt((a * (1 - a) + b * (1 - b)) / 3839)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.01)


def test_history_may_be_the_baseline() -> None:
    assert planned_size(Proportion(1000, 100), 0.2) == planned_size(Baseline.of_proportion(0.1), 0.2)
    orders = Ratio(4, 40.0, 8.0, 500.0, 20.0, 90.0)
    by_hand = Baseline(orders.mean, orders.variance)
    assert planned_size(orders, 0.05) == planned_size(by_hand, 0.05)
    loss = planned_size(Mean(100, -200.0, 900.0), 0.1)
    assert loss == planned_size(Mean(100, 200.0, 900.0), 0.1)


def test_covariates_arms_and_comparisons_move_the_size_as_they_should() -> None:
    usual = Baseline.of_mean(10.0, 30.0)
    plain = planned_size(usual, 0.05).total
    assert planned_size(usual, 0.05, correlation=0.6).total == pytest.approx(0.64 * plain, rel=1e-3)
    three = planned_size(usual, 0.05, shares={"control": 1, "a": 1, "b": 1})
    assert three.total == pytest.approx(1.5 * plain, rel=1e-3)
    assert planned_size(usual, 0.05, comparisons=2).total > plain
    assert planned_size(usual, 0.05, side="greater").total < plain
    lopsided = planned_size(usual, 0.05, shares={"plain": 0.9, "new": 0.1}, plain="plain")
    assert lopsided.arms["plain"] == pytest.approx(9 * lopsided.arms["new"], rel=1e-2)
    assert lopsided.total == pytest.approx(plain * (1 / 0.9 + 1 / 0.1) / 4, rel=1e-3)


def test_looks_cost_and_the_planned_power_is_reached_in_simulated_paths() -> None:
    plan = planned_size(Baseline.of_mean(10.0, 30.0), 0.05, looks=7)
    fixed = planned_size(Baseline.of_mean(10.0, 30.0), 0.05)
    assert plan.total == pytest.approx(plan.inflation * fixed.total, rel=1e-4)
    assert 1.0 < plan.inflation < 1.06
    t = np.arange(1, 8) / 7
    shift = 0.5 / (30 * sqrt(4 / plan.total))
    steps = np.random.default_rng(2).normal(shift / 7, sqrt(1 / 7), (40_000, 7))
    crossed = np.cumsum(steps, axis=1) / np.sqrt(t) >= boundaries(list(t)).bounds
    assert crossed.any(axis=1).mean() == pytest.approx(0.8, abs=0.01)


def test_days_are_whole_weeks_of_new_units() -> None:
    assert duration_days(10_000, 1000) == 14
    assert duration_days(10_000, 1000, whole_weeks=False) == 10
    assert duration_days(7_000, 1000, traffic=0.5) == 14


def test_few_units_tell_large_effects_alone() -> None:
    usual = Baseline.of_proportion(0.05)
    assert 0.3 < detectable_effect(usual, 5_000) < 0.45


@pytest.mark.parametrize(
    ("given", "how", "said"),
    [
        (Baseline.of_mean(0.0, 1.0), {}, "baseline.mean: 0; an effect relative to nothing"),
        (Mean(10, 10, 10), {}, "baseline.variance: 0"),
        (Mean(1, 1, 1), {}, "baseline.n: 1 units"),
        (Baseline.of_proportion(0.6), {"minimum_effect": 0.7}, "minimum_effect: 0.7; a share of 0.6 would leave"),
        (Baseline.of_proportion(0.6), {"minimum_effect": 0.0}, "minimum_effect: 0;"),
        (Baseline.of_proportion(0.6), {"power": 1.0}, "power: 1.0"),
        (Baseline.of_proportion(0.6), {"correlation": 1.0}, "correlation: 1.0"),
        (Baseline.of_proportion(0.6), {"looks": 0}, "looks: 0; at least 1"),
        (Baseline.of_proportion(0.6), {"shares": {"control": 1}}, "shares: 1 arm; at least 2"),
        (Baseline.of_proportion(0.6), {"shares": {"control": 1, "b": 0}}, r"shares\[b\]: 0"),
        (Baseline.of_proportion(0.6), {"shares": {"a": 1, "b": 1}}, "plain: 'control'; not among the arms a, b"),
    ],
)
def test_bad_plans_are_named(given: Any, how: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        planned_size(given, **{"minimum_effect": 0.1, **how})


def test_bad_baselines_and_traffic_are_named() -> None:
    with pytest.raises(ValueError, match="share: 1"):
        Baseline.of_proportion(1)
    with pytest.raises(ValueError, match="units_a_day: 0"):
        duration_days(100, 0)
    with pytest.raises(ValueError, match=r"traffic: 1\.5"):
        duration_days(100, 10, traffic=1.5)
    with pytest.raises(ValueError, match="total: 1; at least 2"):
        detectable_effect(Baseline.of_proportion(0.5), 1)
