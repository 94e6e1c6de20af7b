"""Confidence sequences against recorded constants, and guard rails that are looked at all the time."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ml.experiments.confidence_sequence import confidence_sequence, mixture_variance
from ml.experiments.cuped import Adjusted
from ml.experiments.guard_rail import guard_rail
from ml.experiments.means import Mean
from ml.experiments.proportions import Proportion
from tests.ml.experiments.oracles import bare_effect, case_name, cases, recorded

CONFSEQ = recorded("confseq")
SEQUENTIAL = (
    "sequential_two_sided",
    "sequential_one_sided_greater",
    "sequential_proportion",
    "cuped_sequential",
    "ratio_sequential",
)


@pytest.mark.parametrize("case", [c for c in cases(*SEQUENTIAL) if not c["expected"]["error"]], ids=case_name)
def test_sequences_agree_with_growthbook(case: dict[str, Any]) -> None:
    expected, given = case["expected"], case["inputs"]
    side = "greater" if "one_sided" in case["kind"] else "two"
    effect = bare_effect(expected["expected"], expected["stddev"], given["control"]["n"] + given["treatment"]["n"])
    found = confidence_sequence(effect, alpha=given["alpha"], tuning_n=given["tuning_n"], side=side)  # type: ignore[arg-type]
    theirs = [inf if bound is None else bound for bound in expected["ci"]]
    assert list(found.interval) == pytest.approx(theirs, rel=1e-9)
    if side == "two":
        assert found.p_value == pytest.approx(expected["p_value"], rel=1e-8, abs=1e-300)
    elif expected["p_value"] == 0.4999:
        # Where its search ends.
        assert found.p_value > 0.4999
    else:
        assert found.p_value == pytest.approx(expected["p_value"], abs=case["rel_tol"] * 2)


def test_sequences_agree_with_the_recorded_half_widths() -> None:
    for case in CONFSEQ["asymp_cs"]:
        effect = bare_effect(0.0, case["sd"] / sqrt(case["n"]), case["n"])
        found = confidence_sequence(effect, alpha=case["alpha"], tuning_n=case["tuning_n"]).interval
        assert found.high == pytest.approx(case["halfwidth"], rel=1e-9)
        assert mixture_variance(case["alpha"], case["tuning_n"]) == pytest.approx(case["rho2"], rel=1e-9)


def test_sequences_agree_with_the_mixture_constants_of_confseq() -> None:
    named = {case["fn"]: case["expected"] for case in CONFSEQ["cases"]}
    v = CONFSEQ["v_opt"]
    assert 1 / mixture_variance(0.05, v) == pytest.approx(named["two_sided_normal_mixture_best_rho"], abs=1e-5)
    effect = bare_effect(0.0, sqrt(v), v)
    two = confidence_sequence(effect, tuning_n=v).interval.high
    assert two == pytest.approx(named["two_sided_normal_mixture_bound"], abs=1e-5)
    # Ours is the closed form that is never narrower than the exact one-sided mixture.
    one = confidence_sequence(effect, tuning_n=v, side="less").interval.high
    assert named["one_sided_normal_mixture_bound"] <= one < 1.005 * named["one_sided_normal_mixture_bound"]


def test_p_is_the_level_whose_interval_ends_at_zero() -> None:
    """The mixture is fixed by alpha = 0.05; at p = alpha the two definitions meet."""
    for side in ("two", "greater"):
        half = -confidence_sequence(bare_effect(0.0, 1.0, 900), side=side).interval.low  # type: ignore[arg-type]
        edge = confidence_sequence(bare_effect(half, 1.0, 900), side=side)  # type: ignore[arg-type]
        assert edge.interval.low == pytest.approx(0.0, abs=1e-12)
        assert edge.p_value == pytest.approx(0.05, rel=1e-9)
    less = confidence_sequence(bare_effect(-half, 1.0, 900), side="less")
    assert less.p_value == pytest.approx(0.05, rel=1e-9)
    assert confidence_sequence(bare_effect(-9.0, 1.0, 900), side="greater").p_value == 1.0
    assert confidence_sequence(bare_effect(90.0, 1.0, 900), side="greater").p_value < 1e-200


def test_a_sequence_looked_at_hundreds_of_times_keeps_its_level() -> None:
    random = np.random.default_rng(2)
    n = np.arange(100, 20_100, 100)
    paths = np.cumsum(random.normal(0, 10, (2000, len(n))), axis=1) / n
    half = np.array([confidence_sequence(bare_effect(0.0, 1 / sqrt(units), int(units))).interval.high for units in n])
    assert (np.abs(paths) > half).any(axis=1).mean() <= 0.05
    assert (np.abs(paths) > 1.96 / np.sqrt(n)).any(axis=1).mean() > 0.3


def shops(n: int, rate: float, lift: float, seed: int) -> tuple[Proportion, Proportion]:
    random = np.random.default_rng(seed)
    return Proportion(n, int(random.binomial(n, rate))), Proportion(n, int(random.binomial(n, rate * (1 + lift))))


def test_harm_is_seen_and_small_change_is_let_be() -> None:
    assert guard_rail(*shops(200_000, 0.2, -0.06, 1)).state == "harm"
    assert guard_rail(*shops(200_000, 0.2, 0.03, 1)).state == "safe"
    assert guard_rail(*shops(2_000, 0.2, -0.01, 1)).state == "open"
    up = guard_rail(*shops(200_000, 0.2, 0.06, 1), lower_is_better=True)
    assert up.state == "harm"
    assert up.change is not None
    assert up.interval is not None
    assert up.interval.low < up.change < up.interval.high < -0.02
    assert "harm beyond 2.0% is shown" in up.said


def test_harm_within_the_bound_is_not_called_harm_at_any_look() -> None:
    random, called = np.random.default_rng(3), 0
    for _ in range(100):
        a, b = Proportion(0, 0), Proportion(0, 0)
        for _ in range(28):
            a = a + Proportion(3000, int(random.binomial(3000, 0.3)))
            b = b + Proportion(3000, int(random.binomial(3000, 0.3 * 0.98)))
            if guard_rail(a, b).state == "harm":
                called += 1
                break
    assert called <= stats.binom.ppf(0.999, 100, 0.05)


def test_a_control_without_complaints_still_shows_harm() -> None:
    found = guard_rail(Proportion(5000, 0), Proportion(5000, 60), lower_is_better=True)
    assert (found.state, found.change, found.interval) == ("harm", None, None)
    assert found.p_harm < 1e-6
    assert guard_rail(Proportion(5000, 60), Proportion(5000, 0), lower_is_better=True).state == "safe"
    nothing = guard_rail(Proportion(50, 0), Proportion(50, 0), lower_is_better=True)
    assert (nothing.state, nothing.p_harm) == ("open", 1.0)


def test_losses_may_be_the_baseline() -> None:
    worse = guard_rail(Mean(20_000, -20_000, 60_000), Mean(20_000, -30_000, 90_000))
    assert worse.state == "harm"
    assert worse.change == pytest.approx(-0.5)
    better = guard_rail(Mean(20_000, -20_000, 60_000), Mean(20_000, -10_000, 60_000))
    assert better.state == "safe"
    assert better.change == pytest.approx(0.5)


def test_a_covariate_narrows_the_sequence() -> None:
    random = np.random.default_rng(4)
    x = np.tile(random.normal(10, 5, 4000), 2)
    y = x + random.normal(0, 0.5, 8000) - np.repeat([0, 0.05], 4000)
    arms = [
        Adjusted(4000, b.sum(), (b**2).sum(), a.sum(), (a**2).sum(), (a * b).sum())
        for a, b in ((x[:4000], y[:4000]), (x[4000:], y[4000:]))
    ]
    plain = [Mean(arm.n, arm.total, arm.squares) for arm in arms]
    assert guard_rail(*arms).state == "safe"
    assert guard_rail(*plain).state == "open"


@pytest.mark.parametrize(
    ("how", "said"),
    [({"harm": 0.02}, "harm: 0.02"), ({"alpha": 0}, "alpha: 0"), ({"tuning_n": 0}, "tuning_n: 0; at least 1")],
)
def test_bad_settings_are_named(how: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        guard_rail(Proportion(10, 5), Proportion(10, 5), **how)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n: 1; at least 2"):
        confidence_sequence(bare_effect(0.1, 1.0, 1))
