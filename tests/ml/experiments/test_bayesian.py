"""Posteriors against recorded numbers, brute force and closed forms."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from ml.experiments.bayesian import Prior, bayesian, best_arm
from ml.experiments.difference import compare
from ml.experiments.means import Mean
from ml.experiments.proportions import Proportion
from tests.ml.experiments.oracles import case_name, cases


@pytest.mark.parametrize("case", cases("bayes_proportion_flat_prior"), ids=case_name)
def test_agrees_with_growthbook(case: dict[str, Any]) -> None:
    """Its lift is relative, its risks are absolute."""
    arms = [Proportion(n, successes) for successes, n in (case["inputs"]["control"], case["inputs"]["treatment"])]
    relative, absolute, theirs = bayesian(*arms, relative=True), bayesian(*arms), case["expected"]
    assert relative.expected == pytest.approx(theirs["expected"], rel=1e-8)
    assert list(relative.interval) == pytest.approx(theirs["ci"], rel=1e-8)
    assert relative.chance_to_win == pytest.approx(theirs["chance_to_win"], rel=1e-8)
    risks = [(side.risk_control, side.risk_treatment) for side in (relative, absolute)]
    assert any(pair == pytest.approx(tuple(theirs["risk"]), rel=1e-6) for pair in risks)


def test_risks_are_the_expected_losses() -> None:
    found = bayesian(Mean(100, 500, 4000), Mean(100, 520, 4500))
    effect = compare(Mean(100, 500, 4000), Mean(100, 520, 4500)).absolute
    normal = stats.norm(effect.estimate, effect.standard_error)
    for risk, sign in ((found.risk_control, 1), (found.risk_treatment, -1)):
        by_hand = integrate.quad(lambda x, s=sign: max(s * x, 0) * normal.pdf(x), -5, 5)[0]
        assert risk == pytest.approx(by_hand, rel=1e-6)
    assert found.risk_control - found.risk_treatment == pytest.approx(found.expected, rel=1e-12)


def test_a_prior_pulls_as_its_weight() -> None:
    a, b = Mean(100, 500, 4000), Mean(100, 560, 4500)
    flat, wide = bayesian(a, b), bayesian(a, b, prior=Prior(0.0, 1e9))
    assert wide.expected == pytest.approx(flat.expected, rel=1e-6)
    effect = compare(a, b).absolute
    same = bayesian(a, b, prior=Prior(0.0, effect.standard_error**2))
    assert same.expected == pytest.approx(effect.estimate / 2, rel=1e-12)
    assert same.interval.high - same.expected == pytest.approx(1.959964 * effect.standard_error / sqrt(2), rel=1e-6)


@pytest.mark.parametrize("case", cases("bandit_weights_mc"), ids=case_name)
def test_the_best_arm_agrees_with_recorded_draws(case: dict[str, Any]) -> None:
    arms = [Mean(arm["n"], arm["sum"], arm["sum_squares"]) for arm in case["inputs"]["arms"]]
    found = best_arm([arm.mean for arm in arms], [sqrt(arm.variance / arm.n) for arm in arms])
    # 10,000 draws of theirs: a standard error of at most 0.005.
    np.testing.assert_allclose(found, case["expected"]["best_arm"], atol=0.008)
    low, high = case["expected"]["posterior_ci"][3]
    assert (arms[3].mean, 1.959964 * sqrt(arms[3].variance / arms[3].n)) == pytest.approx(
        ((low + high) / 2, (high - low) / 2), rel=2e-3
    )
    shares = top_two(arms, found) if case["inputs"]["top_two"] else found
    floor = min(case["inputs"]["min_weight_per_arm"], 0.25)
    np.testing.assert_allclose(floor + (1 - 4 * floor) * shares, case["expected"]["weights"], atol=0.01)


def top_two(arms: list[Mean], best: np.ndarray) -> np.ndarray:
    """Chance of each arm to be first or second, over two: second is best once some other arm is left out."""
    found = best.copy()
    for left_out in range(len(arms)):
        rest = [at for at in range(len(arms)) if at != left_out]
        without = best_arm([arms[at].mean for at in rest], [sqrt(arms[at].variance / arms[at].n) for at in rest])
        found[rest] += without - best[rest]
    return np.asarray(found / 2)


def test_the_best_of_two_is_the_closed_form_and_of_three_scipys() -> None:
    two = best_arm([1.0, 1.3], [0.2, 0.5])
    assert two[1] == pytest.approx(stats.norm.cdf(0.3 / sqrt(0.04 + 0.25)), abs=1e-12)
    m, s = np.array([0.0, 0.1, -0.2]), np.array([1.0, 0.02, 0.3])
    found = best_arm(m, s)
    for arm in range(3):
        others = [at for at in range(3) if at != arm]
        covariance = np.full((2, 2), s[arm] ** 2) + np.diag(s[others] ** 2)
        exact = stats.multivariate_normal(m[arm] - m[others], covariance).cdf([np.inf, np.inf], lower_limit=[0, 0])
        assert found[arm] == pytest.approx(exact, abs=1e-6)
    assert found.sum() == pytest.approx(1.0)
    assert best_arm([5.0], [1.0]) == pytest.approx([1.0])
    np.testing.assert_allclose(best_arm([1.0] * 5, [0.3] * 5), 0.2, atol=1e-12)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"standard_errors\[1\]: 0"):
        best_arm([1.0, 2.0], [1.0, 0.0])
    with pytest.raises(ValueError, match=r"means\[0\]: nan"):
        best_arm([float("nan"), 2.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="two columns of one length"):
        best_arm([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="relative: refused; control is 0"):
        bayesian(Proportion(10, 0), Proportion(10, 3), relative=True)
    with pytest.raises(ValueError, match=r"prior.variance: 0"):
        bayesian(Proportion(10, 1), Proportion(10, 3), prior=Prior(0, 0))
