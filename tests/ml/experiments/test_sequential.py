"""Looks against published boundaries, scipy's multivariate normal and simulated paths."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ml.experiments.brownian import crossing
from ml.experiments.drift import drift_needed
from ml.experiments.effect import effect_of
from ml.experiments.sequential import boundaries, look, students
from ml.experiments.spending import spent
from tests.ml.experiments.oracles import bare_effect

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)
UNEVEN = (0.05, 0.3, 0.37, 0.8, 1.0)


def mvn_stay(fractions: tuple[float, ...], low: list[float], high: list[float], drift: float = 0.0) -> float:
    """Chance of staying within all bounds, by scipy's quadrature of the joint distribution of the looks."""
    t = np.array(fractions)
    covariance = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    normal = stats.multivariate_normal(drift * np.sqrt(t), covariance, abseps=1e-6, releps=1e-6, maxpts=100_000)
    return float(normal.cdf(np.minimum(high, 12.0), lower_limit=np.maximum(low, -12.0), rng=np.random.default_rng(1)))


def test_spending_bounds_are_the_published_ones() -> None:
    # Five equal looks, two-sided 5 %: Reboussin, DeMets, Kim and Lan (2000), Controlled Clinical Trials 21, 190-207
    # (program ld98, also the example of R's ldbounds).
    assert boundaries(FIVE).bounds == pytest.approx((4.8769, 3.3569, 2.6803, 2.2898, 2.0310), abs=1.5e-4)
    pocock = boundaries(FIVE, spending="pocock").bounds
    assert pocock == pytest.approx((2.4380, 2.4268, 2.4101, 2.3966, 2.3859), abs=1e-4)


# Jennison and Turnbull (2000), Group Sequential Methods, tables 2.1 and 2.3: constants for alpha = 0.05.
POCOCK = {2: 2.178, 3: 2.289, 4: 2.361, 5: 2.413, 10: 2.555, 20: 2.672}
OBRIEN_FLEMING = {2: 1.977, 3: 2.004, 4: 2.024, 5: 2.040, 10: 2.087, 20: 2.126}


@pytest.mark.parametrize("looks", POCOCK)
def test_published_constants_cross_with_five_per_cent(looks: int) -> None:
    fractions = [(at + 1) / looks for at in range(looks)]
    flat = [POCOCK[looks]] * looks
    falling = [OBRIEN_FLEMING[looks] / sqrt(fraction) for fraction in fractions]
    for upper in (flat, falling):
        found = crossing(fractions, upper, [-bound for bound in upper])
        assert sum(found.above) + sum(found.below) == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize("fractions", [(0.05, 0.3, 1.0), (0.5, 0.51, 0.9), (0.5, 0.505, 1.0)])
@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_the_looks_together_err_with_alpha_by_scipy(fractions: tuple[float, ...], spending: str) -> None:
    for side, low in (("two", None), ("greater", -inf)):
        found = boundaries(fractions, side=side, spending=spending)  # type: ignore[arg-type]
        upper = list(found.bounds)
        lower = [-bound if low is None else low for bound in upper]
        assert 1 - mvn_stay(fractions, lower, upper) == pytest.approx(found.spent[-1], abs=2e-5)


def test_a_simulated_null_crosses_at_five_per_cent_and_not_at_the_looks_asked_more() -> None:
    fractions = [(at + 1) / 28 for at in range(28)]
    random = np.random.default_rng(17)
    paths = np.cumsum(random.normal(0, sqrt(1 / 28), (40_000, 28)), axis=1) / np.sqrt(fractions)
    crossed = (np.abs(paths) >= np.array(boundaries(fractions).bounds)).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=0.004)
    assert (np.abs(paths) >= 1.96).any(axis=1).mean() > 0.2


def test_earlier_bounds_do_not_depend_on_later_looks() -> None:
    assert boundaries(UNEVEN).bounds[:3] == boundaries(UNEVEN[:3]).bounds


def test_the_last_look_spends_all_that_is_left() -> None:
    short = boundaries((0.3, 0.7), is_final=True)
    assert short.spent[-1] == pytest.approx(0.05)
    assert short.bounds[-1] < boundaries((0.3, 0.7)).bounds[-1]
    lower = [-bound for bound in short.bounds]
    assert 1 - mvn_stay((0.3, 0.7), lower, list(short.bounds)) == pytest.approx(0.05, abs=1e-5)
    more = boundaries((0.5, 1.3))
    assert more.spent[-1] == pytest.approx(0.05)
    assert 1 - mvn_stay((0.5, 1.3), [-b for b in more.bounds], list(more.bounds)) == pytest.approx(0.05, abs=1e-5)


def test_one_look_is_the_single_test() -> None:
    effect = effect_of(1.0, 0.5, 30, alpha=0.05, side="two", degrees_of_freedom=28)
    found = look(effect, [1.0])
    assert found.bound == pytest.approx(1.959964, abs=1e-6)
    assert found.p_value == pytest.approx(effect.p_value, rel=1e-7)
    assert tuple(found.interval) == pytest.approx(tuple(effect.interval), rel=1e-7)
    assert students(1.959964, 28) == pytest.approx(stats.t.ppf(0.975, 28), rel=1e-6)


@pytest.mark.parametrize("side", ["two", "greater", "less"])
def test_look_interval_and_p_say_the_same(side: str) -> None:
    for estimate in (-4.0, -2.3, 0.1, 2.3, 4.0):
        found = look(bare_effect(estimate, 1.0), FIVE[:3], side=side)  # type: ignore[arg-type]
        assert found.is_crossed == (found.p_value <= 0.05) == (found.interval.low > 0 or found.interval.high < 0)
    # So early that nothing may be spent yet: no statistic is enough, and p says so as well.
    early = look(bare_effect(12.0 if side != "less" else -12.0, 1.0), [0.05], side=side)  # type: ignore[arg-type]
    assert not early.is_crossed
    assert early.p_value > 0.05
    edge = look(bare_effect(found.bound, 1.0), FIVE[:3], side="two" if side == "two" else "greater")
    assert edge.p_value == pytest.approx(0.05, rel=1e-6)


def test_early_looks_say_little_and_never_nothing_wrong() -> None:
    found = look(bare_effect(5.0, 1.0), [0.001])
    assert found.bound == inf
    assert not found.is_crossed
    assert tuple(found.interval) == (-inf, inf)
    assert look(bare_effect(60.0, 1.0), FIVE).is_crossed


def test_looking_costs_little_and_keeps_the_power_by_scipy() -> None:
    three = (1 / 3, 2 / 3, 1.0)
    fixed = stats.norm.ppf(0.975) + stats.norm.ppf(0.9)
    obf, pocock = (drift_needed(three, power=0.9, spending=how) for how in ("obrien_fleming", "pocock"))
    assert 1.005 < (obf / fixed) ** 2 < 1.03
    assert 1.1 < (pocock / fixed) ** 2 < 1.2
    bounds = list(boundaries(three).bounds)
    # What crosses below under this effect is nothing.
    assert 1 - mvn_stay(three, [-b for b in bounds], bounds, obf) == pytest.approx(0.9, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(t=st.floats(0.01, 2.0), alpha=st.floats(0.001, 0.5))
def test_spending_rises_to_alpha(t: float, alpha: float) -> None:
    for how in ("obrien_fleming", "pocock"):
        assert 0 <= spent(t, alpha, how) <= alpha * (1 + 1e-12)  # type: ignore[arg-type]
        assert spent(t, alpha, how) <= spent(t + 0.1, alpha, how) * (1 + 1e-12)  # type: ignore[arg-type]
        assert spent(1.0, alpha, how) == pytest.approx(alpha)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fractions", "said"),
    [
        ([], "fractions: none"),
        ([0.5, 0.5], r"fractions\[1\]: 0.5; at least 0.0001 more"),
        ([0.0, 0.5], r"fractions\[0\]: 0.0"),
        ([0.5, float("nan")], r"fractions\[1\]: nan"),
        ([0.5, 0.4], r"fractions\[1\]: 0.4"),
    ],
)
def test_fractions_that_do_not_increase_are_refused(fractions: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        boundaries(fractions)


def test_other_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match="alpha: 0"):
        boundaries(FIVE, alpha=0)
    with pytest.raises(ValueError, match="spending: 'linear'"):
        boundaries(FIVE, spending="linear")  # type: ignore[arg-type]
