"""Estimators against enumeration of every log that could have been, and against closed forms."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ml.offpolicy import LoggedTraffic, OffPolicyError, evaluate
from ml.offpolicy.estimators import terms_of, values_of, weights_of
from ml.offpolicy.intervals import bootstrap, error_of, interval, mean_of, ratio_of
from ml.offpolicy.reward_model import predicted_rewards
from ml.offpolicy.weights import effective_size
from tests.ml.offpolicy import worlds

CANDIDATE = np.array([[0.1, 0.8, 0.1], [0.7, 0.2, 0.1]])
SEGMENTS = np.array([0, 1, 1])


def every_log() -> list[tuple[float, LoggedTraffic]]:
    """All 27 logs of three people with rewards at their means, each with its probability."""
    found = []
    for drawn in product(range(3), repeat=3):
        action, unit = np.array(drawn), np.arange(3)
        rows = worlds.LOGGING[SEGMENTS]
        reward = worlds.WORTH[SEGMENTS, action]
        chance = float(rows[unit, action].prod())
        found.append((chance, worlds.traffic(unit, SEGMENTS, action, reward, rows, CANDIDATE[SEGMENTS])))
    return found


def test_ips_and_dr_are_right_on_average_over_every_log_that_could_have_been() -> None:
    truth = float((CANDIDATE[SEGMENTS] * worlds.WORTH[SEGMENTS]).sum(axis=1).mean())
    logged = float((worlds.LOGGING[SEGMENTS] * worlds.WORTH[SEGMENTS]).sum(axis=1).mean())
    # Any model of the reward will do for DR, as long as it has not seen the log.
    wrong = np.random.default_rng(1).normal(size=(3, 3))
    total = np.zeros(4)
    for chance, traffic in every_log():
        values = values_of(traffic, terms_of(traffic, wrong))
        total += chance * np.array([values.ips.value, values.dr.value, values.difference.value, values.dm.value])
    assert total[:3] == pytest.approx([truth, truth, truth - logged], abs=1e-12)
    assert total[3] != pytest.approx(truth, abs=0.1)


def test_dm_with_the_true_model_is_the_true_value() -> None:
    for _, traffic in every_log()[:5]:
        values = values_of(traffic, terms_of(traffic, worlds.WORTH[SEGMENTS]))
        assert values.dm.value == pytest.approx((CANDIDATE[SEGMENTS] * worlds.WORTH[SEGMENTS]).sum(axis=1).mean())
        assert values.dr.value == pytest.approx(values.dm.value)


def test_the_logged_policy_itself_has_weight_one_and_no_difference() -> None:
    traffic = worlds.log(worlds.LOGGING, 400, seed=2)
    assert weights_of(traffic) == pytest.approx(np.ones(400))
    values = values_of(traffic, terms_of(traffic, predicted_rewards(traffic, 0)))
    assert values.difference.value == pytest.approx(0.0, abs=1e-12)
    assert values.snips.value == pytest.approx(traffic.reward.mean())


def test_rows_that_stay_as_logged_count_as_they_were() -> None:
    traffic = replace(worlds.log(CANDIDATE, 400, seed=3), as_logged=np.ones(400, dtype=np.bool_))
    values = values_of(traffic, terms_of(traffic, predicted_rewards(traffic, 0)))
    assert values.dr.value == pytest.approx(traffic.reward.mean())
    assert values.difference.influence == pytest.approx(np.zeros(400), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 1e4), st.floats(-1e3, 1e3))
def test_values_follow_the_unit_and_origin_of_rewards(scale: float, shift: float) -> None:
    traffic = worlds.log(CANDIDATE, 120, seed=4)
    other = replace(traffic, reward=traffic.reward * scale + shift)
    found = [values_of(one, terms_of(one, predicted_rewards(one, 0))) for one in (traffic, other)]
    for name in ("snips", "dr"):
        before, after = (getattr(values, name).value for values in found)
        # Shrinkage keeps DR from being exactly equivariant in the origin; SNIPS is.
        if name == "snips" or shift == 0:
            assert after == pytest.approx(before * scale + shift, rel=1e-9, abs=1e-6)
    assert found[1].ips.value == pytest.approx(
        found[0].ips.value * scale + shift * weights_of(traffic).mean(), rel=1e-9, abs=1e-6
    )


def test_an_interval_of_equal_people_is_students() -> None:
    values = np.random.default_rng(5).normal(3.0, 2.0, 5_000)
    found = interval(mean_of(values, np.arange(5_000)))
    low, high = stats.t.interval(0.95, 4_999, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.003)
    assert found.error == pytest.approx(stats.sem(values))


def test_doubling_every_exposure_of_a_person_changes_no_interval() -> None:
    values = np.random.default_rng(6).exponential(1.0, 300)
    once = interval(mean_of(values, np.arange(300)))
    twice = interval(mean_of(np.repeat(values, 2), np.repeat(np.arange(300), 2)))
    assert twice == pytest.approx(once)


def test_the_error_of_a_ratio_is_that_of_the_jackknife() -> None:
    random = np.random.default_rng(7)
    above, below = random.exponential(2.0, 600), random.exponential(1.0, 600)
    unit = np.arange(600)
    left_out = (above.sum() - above) / (below.sum() - below)
    jackknife = np.sqrt(599 / 600 * ((left_out - left_out.mean()) ** 2).sum())
    assert error_of(ratio_of(above, below, unit).influence) == pytest.approx(jackknife, rel=0.01)
    drawn = bootstrap(above, below, unit, seed=1, times=800)
    assert drawn.error == pytest.approx(jackknife, rel=0.12)


def test_the_effective_size_is_kishs() -> None:
    assert effective_size(np.ones(50)) == pytest.approx(50)
    assert effective_size(np.array([2.0, 0.0, 0.0, 0.0])) == pytest.approx(1)
    assert effective_size(np.array([1.0, 3.0])) == pytest.approx(16 / 10)


def test_intervals_cover_on_logs_of_sticky_people() -> None:
    truth, held = worlds.true_value(CANDIDATE), 0
    for seed in range(120):
        traffic = worlds.log(CANDIDATE, 200, seed=1_000 + seed, visits=3)
        found = interval(values_of(traffic, terms_of(traffic, predicted_rewards(traffic, seed))).dr)
        held += found.low <= truth <= found.high
    # 95 % of 120 is 114; fewer than 106 happen once in 2,000 (binomial).
    assert held >= 106


def test_wrong_input_names_field_value_and_bound() -> None:
    traffic = worlds.log(CANDIDATE, 30, seed=1)
    with pytest.raises(OffPolicyError, match=r"candidate: a row adds up to 2\.000000, must be 1"):
        replace(traffic, candidate=np.array([[1.0, 1.0, 0.0]] * 30))
    with pytest.raises(OffPolicyError, match=r"candidate: probability -0\.5 must be 0 to 1"):
        replace(traffic, candidate=np.array([[1.5, -0.5, 0.0]] * 30)[:, ::-1])
    with pytest.raises(OffPolicyError, match="reward: nan in 30 exposures"):
        replace(traffic, reward=np.full(30, np.nan))
    with pytest.raises(OffPolicyError, match=r"logged: shape \(30, 2\) must be \(30, 3\)"):
        replace(traffic, logged=np.zeros((30, 2)))
    with pytest.raises(OffPolicyError, match="0 exposures with a propensity above 0"):
        evaluate(replace(traffic, propensity=np.zeros(30)))
