"""Sample ratios against scipy, recorded numbers, and the size under weights that change every day."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ml.experiments.sample_ratio import Batch, chi_square, over_batches, sequential
from tests.ml.experiments.oracles import case_name, cases, recorded


def named(values: list[float]) -> dict[str, Any]:
    return {f"arm {at}": value for at, value in enumerate(values)}


@pytest.mark.parametrize("case", cases("srm"), ids=case_name)
def test_agrees_with_growthbook(case: dict[str, Any]) -> None:
    found = chi_square(named(case["inputs"]["users"]), named(case["inputs"]["weights"]))
    assert found.p_value == pytest.approx(case["expected"]["p_value"], rel=1e-8)


def test_agrees_with_tea_tasting() -> None:
    theirs = recorded("tea_tasting")["results"]["srm"]
    found = chi_square({"0": int(theirs["control"]), "1": int(theirs["treatment"])}, {"0": 1, "1": 1})
    # It takes half a unit off for continuity, which is no help at the sizes of a shop.
    deviation = sqrt(4000 * 0.25)
    corrected = sqrt(found.statistic) - 0.5 / deviation
    assert 2 * stats.norm.sf(corrected) == pytest.approx(theirs["pvalue"], rel=1e-8)


def test_an_arm_of_weight_zero_is_no_degree_of_freedom_and_its_units_are_a_leak() -> None:
    case = cases("srm_divergence")[0]
    found = chi_square(named(case["inputs"]["users"]), named(case["inputs"]["weights"]))
    assert found.p_value == pytest.approx(case["expected"]["correct_p"], rel=1e-8)
    assert found.degrees_of_freedom == 1
    for test in (lambda a, b: chi_square(a, b), lambda a, b: sequential([Batch(a, b)])):
        leaked = test({"a": 500, "b": 500, "c": 1}, {"a": 1, "b": 1, "c": 0})
        assert (leaked.p_value, leaked.leaked) == (0.0, {"c": 1})
        assert "weight 0: c 1" in leaked.said
        assert test({"a": 500, "b": 500, "unheard of": 2}, {"a": 1, "b": 1}).leaked == {"unheard of": 2}


def test_an_arm_without_units_is_still_expected() -> None:
    found = chi_square({"a": 100}, {"a": 1, "b": 1})
    assert found.expected == {"a": 50, "b": 50}
    assert found.p_value == pytest.approx(stats.chisquare([100, 0]).pvalue)


def test_batches_of_one_split_are_one_test() -> None:
    weights = {"a": 0.5, "b": 0.3, "c": 0.2}
    days = [Batch({"a": 52, "b": 28, "c": 20}, weights), Batch({"a": 480, "b": 330, "c": 190}, weights)]
    found = over_batches(days)
    theirs = stats.chisquare([532, 358, 210], np.array([0.5, 0.3, 0.2]) * 1100)
    assert (found.statistic, found.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)


def test_the_covariance_is_that_of_stratified_draws() -> None:
    """Against the Mantel-Haenszel form for two arms: (O - E) squared over the sum of n p q."""
    days = [Batch({"a": 90, "b": 10}, {"a": 0.9, "b": 0.1}), Batch({"a": 480, "b": 520}, {"a": 0.5, "b": 0.5})]
    variance = 100 * 0.09 + 1000 * 0.25
    assert over_batches(days).statistic == pytest.approx((570 - 590) ** 2 / variance, rel=1e-12)


def drawn_days(random: np.random.Generator, is_adaptive: bool, tilt: float = 1.0) -> list[Batch]:
    """Four weeks of three arms: traffic by weekday, weights that follow what came before; `tilt` spoils arm a."""
    days, weights = [], np.array([0.8, 0.1, 0.1])
    for day in range(28):
        n = int(random.poisson(200 if day % 7 < 5 else 700))
        real = weights * np.array([tilt, 1.0, 1.0])
        counts = random.multinomial(n, real / real.sum())
        days.append(Batch(dict(zip("abc", map(int, counts), strict=True)), dict(zip("abc", weights, strict=True))))
        if is_adaptive:
            weights = 0.1 / 3 + 0.9 * random.dirichlet(counts / 20 + 0.2)
        elif day % 3 == 0:
            weights = random.dirichlet([2.0, 1.0, 1.0])
    return days


@pytest.mark.parametrize("is_adaptive", [True, False])
def test_the_size_under_changing_weights_is_the_nominal_one(is_adaptive: bool) -> None:
    random = np.random.default_rng(1)
    weeks = [drawn_days(random, is_adaptive) for _ in range(150)]
    p = np.array([over_batches(days).p_value for days in weeks])
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.03)
    assert stats.kstest(p, "uniform").pvalue > 0.001
    # What adding up units and weights first would say.
    pooled = []
    for days in weeks[:100]:
        units = np.array([[day.observed[arm] for arm in "abc"] for day in days]).sum(axis=0)
        weights = np.array([[day.weights[arm] for arm in "abc"] for day in days]).mean(axis=0)
        pooled.append(stats.chisquare(units, weights / weights.sum() * units.sum()).pvalue)
    assert (np.array(pooled) < 0.05).mean() > 0.5


def test_the_sequential_test_may_be_looked_at_every_day() -> None:
    random = np.random.default_rng(2)
    alarms = [sequential(drawn_days(random, True)).p_value < 0.05 for _ in range(150)]
    assert np.mean(alarms) <= 0.05
    found = [sequential(drawn_days(random, True, tilt=0.85)).p_value < 0.001 for _ in range(30)]
    assert np.mean(found) > 0.8


def test_the_sequential_p_never_rises() -> None:
    days = drawn_days(np.random.default_rng(3), True, tilt=0.8)
    p = [sequential(days[: day + 1]).p_value for day in range(28)]
    assert p == sorted(p, reverse=True)


def test_evidence_is_a_fair_bet_under_the_weights() -> None:
    """Its expectation over every possible day is one: exact, by enumeration."""
    weights = {"a": 0.6, "b": 0.3, "c": 0.1}
    total = 0.0
    for a in range(7):
        for b in range(7 - a):
            counts = [a, b, 6 - a - b]
            chance = stats.multinomial.pmf(counts, 6, list(weights.values()))
            statistic = sequential([Batch(dict(zip("abc", counts, strict=True)), weights)]).statistic
            total += chance * np.exp(statistic)
    assert total == pytest.approx(1.0, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=5),
    scale=st.floats(0.1, 9),
)
def test_order_of_arms_days_and_unit_of_weights_do_not_matter(counts: list[tuple[int, int]], scale: float) -> None:
    days = [Batch({"a": a, "b": b}, {"a": 0.2 + 0.1 * at, "b": 0.5}) for at, (a, b) in enumerate(counts)]
    turned = [
        Batch(dict(reversed(day.observed.items())), {arm: w * scale for arm, w in reversed(day.weights.items())})
        for day in reversed(days)
    ]
    assert over_batches(turned).p_value == pytest.approx(over_batches(days).p_value, rel=1e-6, abs=1e-12)
    assert 0 <= sequential(days).p_value <= 1


def test_arms_that_never_met_are_tested_apart() -> None:
    days = [Batch({"a": 60, "b": 40}, {"a": 1, "b": 1}), Batch({"c": 45, "d": 55}, {"c": 1, "d": 1})]
    found = over_batches(days)
    assert found.degrees_of_freedom == 2
    assert found.statistic == pytest.approx(4 + 1, rel=1e-9)


def test_little_or_nothing_is_said_of_few_units() -> None:
    assert chi_square({}, {"a": 1, "b": 1}).p_value == 1.0
    assert chi_square({"a": 9}, {"a": 1}).p_value == 1.0
    assert "the p-value is rough" in chi_square({"a": 3, "b": 1}, {"a": 1, "b": 1}).said


@pytest.mark.parametrize(
    ("observed", "weights", "said"),
    [
        ({"a": -1}, {"a": 1}, r"batches\[0\].observed\[a\]: -1"),
        ({"a": 1.5}, {"a": 1}, r"observed\[a\]: 1.5; a whole number"),
        ({"a": 1}, {"a": -0.1, "b": 1}, r"weights\[a\]: -0.1; at least 0"),
        ({"a": 1}, {"a": float("nan")}, r"weights\[a\]: nan"),
        ({"a": 1}, {"a": 0}, r"weights: sum 0"),
    ],
)
def test_bad_numbers_are_named(observed: dict[str, int], weights: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        chi_square(observed, weights)
    with pytest.raises(ValueError, match="batches: none"):
        sequential([])
