"""Differences and lifts against two other implementations, scipy, rows of users, and the properties they must have."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ml.experiments.cuped import Adjusted, AdjustedRatio, correlation
from ml.experiments.difference import Comparison, compare
from ml.experiments.means import Mean
from ml.experiments.proportions import Proportion, wilson
from ml.experiments.ratios import Ratio
from tests.ml.experiments.oracles import case_name, cases, recorded, statistic

KINDS = {
    "welch_t": "mean",
    "welch_t_proportion": "proportion",
    "ratio_t": "ratio",
    "cuped_t": "cuped",
    "cuped_ratio_t": "cuped_ratio",
}
TEA = recorded("tea_tasting")


def mean_of(values: np.ndarray) -> Mean:
    return Mean(len(values), float(values.sum()), float((values**2).sum()))


@pytest.mark.parametrize("case", cases(*KINDS), ids=case_name)
def test_agrees_with_growthbook(case: dict[str, Any]) -> None:
    given, expected, kind = case["inputs"], case["expected"], KINDS[case["kind"]]
    arms = [statistic(kind, given[arm], given.get("n")) for arm in ("control", "treatment")]
    found = compare(*arms, alpha=given["alpha"])
    effect = found.relative if given["difference"] == "relative" else found.absolute
    if expected["error"]:
        # It refuses whatever has a control of zero; only what is relative to it has no answer.
        assert found.relative is None
        assert "control is 0" in str(found.relative_refused)
        assert found.absolute.standard_error == pytest.approx(sqrt(0.03 * 0.97 / 100), rel=1e-12)
        return
    assert effect is not None
    numbers = [effect.estimate, *effect.interval, effect.p_value, effect.standard_error]
    theirs = [expected["expected"], *expected["ci"], expected["p_value"], expected["stddev"]]
    # It stops at 1e-16, and so do its p-values.
    np.testing.assert_allclose(numbers, theirs, rtol=1e-8, atol=1e-14)


def tea_arms(kind: str) -> tuple[Any, Any]:
    def arm(given: dict[str, Any]) -> Any:
        n, sums = given["n"], given["sums"]

        def product(a: str, b: str) -> float:
            return float(given["products"].get(f"{a}*{b}", given["products"].get(f"{b}*{a}")))

        if kind in sums:
            return Mean(n, sums[kind], product(kind, kind))
        if kind == "revenue_cuped":
            x, y = "revenue_covariate", "revenue"
            return Adjusted(n, sums[y], product(y, y), sums[x], product(x, x), product(x, y))
        if kind == "orders_per_session_cuped":
            names = ["orders", "sessions", "orders_covariate", "sessions_covariate"]
            upper = tuple(product(names[i], names[j]) for i in range(4) for j in range(i, 4))
            return AdjustedRatio(n, tuple(sums[name] for name in names), upper)
        a, b = {"orders_per_session": ("orders", "sessions"), "aov": ("revenue", "orders")}[kind]
        return Ratio(n, sums[a], sums[b], product(a, a), product(b, b), product(a, b))

    return arm(TEA["arms"]["0"]), arm(TEA["arms"]["1"])


@pytest.mark.parametrize("name", [name for name in TEA["results"] if not name.startswith("srm")])
def test_agrees_with_tea_tasting(name: str) -> None:
    how: dict[str, Any] = {
        "revenue_z": {"variance": "normal"},
        "revenue_pooled": {"variance": "pooled"},
        "revenue_greater": {"side": "greater"},
    }.get(name, {})
    kind = "revenue" if how else name
    found = compare(*tea_arms(kind), relative_by="log", base="adjusted", **how)
    theirs = TEA["results"][name]
    assert found.relative is not None
    for ours, key in (
        (found.control, "control"),
        (found.treatment, "treatment"),
        (found.absolute.estimate, "effect_size"),
        (found.absolute.interval.low, "effect_size_ci_lower"),
        (found.absolute.interval.high, "effect_size_ci_upper"),
        (found.relative.estimate, "rel_effect_size"),
        (found.relative.interval.low, "rel_effect_size_ci_lower"),
        (found.relative.interval.high, "rel_effect_size_ci_upper"),
        (found.absolute.p_value, "pvalue"),
        (found.absolute.statistic, "statistic"),
    ):
        assert ours == pytest.approx(inf if theirs[key] is None else theirs[key], rel=1e-10), key


@pytest.mark.parametrize("side", ["two", "greater", "less"])
@pytest.mark.parametrize("is_pooled", [True, False])
def test_p_values_are_scipys(side: str, is_pooled: bool) -> None:
    random = np.random.default_rng(1)
    a, b = random.normal(2, 1, 30), random.normal(2.5, 3, 41)
    alternative = {"two": "two-sided", "greater": "greater", "less": "less"}[side]
    theirs = stats.ttest_ind(b, a, equal_var=is_pooled, alternative=alternative)
    found = compare(mean_of(a), mean_of(b), side=side, variance="pooled" if is_pooled else "welch")  # type: ignore[arg-type]
    assert found.absolute.p_value == pytest.approx(theirs.pvalue, rel=1e-10)
    assert tuple(found.absolute.interval) == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-9)


def test_pooled_shares_are_the_chi_square_test() -> None:
    found = compare(Proportion(1000, 100), Proportion(1200, 150), variance="pooled")
    chi = stats.chi2_contingency([[100, 900], [150, 1050]], correction=False)
    assert found.absolute.statistic**2 == pytest.approx(chi.statistic, rel=1e-10)
    assert found.absolute.p_value == pytest.approx(chi.pvalue, rel=1e-10)


def test_the_interval_of_a_share_is_wilsons() -> None:
    theirs = stats.binomtest(7, 50).proportion_ci(0.95, "wilson")
    assert tuple(wilson(Proportion(50, 7))) == pytest.approx((theirs.low, theirs.high), rel=1e-10)


def test_cuped_is_the_regression_on_arm_and_covariate() -> None:
    """Welch's test of what numpy's slope over both arms leaves of the outcome."""
    random = np.random.default_rng(3)
    before, arm = random.normal(5, 2, 4000), np.repeat([0, 1], 2000)
    after = 3 * before + 0.5 * arm + random.normal(0, 1, 4000)
    y0, x0, y1, x1 = after[:2000], before[:2000], after[2000:], before[2000:]
    a, b = (
        Adjusted(2000, y.sum(), (y**2).sum(), x.sum(), (x**2).sum(), (x * y).sum()) for y, x in ((y0, x0), (y1, x1))
    )
    found = compare(a, b).absolute
    slope = np.cov(after, before)[0, 1] / before.var(ddof=1)
    residual = after - slope * before
    theirs = stats.ttest_ind(residual[2000:], residual[:2000], equal_var=False)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-8)
    assert found.estimate == pytest.approx(residual[2000:].mean() - residual[:2000].mean(), rel=1e-9)
    assert found.standard_error < compare(mean_of(y0), mean_of(y1)).absolute.standard_error / 5
    assert correlation(a + b) == pytest.approx(np.corrcoef(after, before)[0, 1], rel=1e-9)


def test_ratio_variance_is_that_of_resampled_units() -> None:
    random = np.random.default_rng(4)
    orders = random.poisson(2, 3000) + 1.0
    revenue = orders * random.gamma(2, 10, 3000)
    sums = Ratio(3000, revenue.sum(), orders.sum(), (revenue**2).sum(), (orders**2).sum(), (revenue * orders).sum())
    drawn = random.integers(0, 3000, (600, 3000))
    resampled = revenue[drawn].sum(axis=1) / orders[drawn].sum(axis=1)
    assert sqrt(sums.variance / sums.n) == pytest.approx(resampled.std(), rel=0.1)


def test_negative_baselines_keep_more_as_plus() -> None:
    loss, smaller_loss = Mean(100, -1000, 11_000), Mean(100, -500, 3_500)
    found = compare(loss, smaller_loss)
    assert found.relative is not None
    assert found.relative.estimate == pytest.approx(0.5)
    assert found.relative.interval.low > 0
    assert compare(smaller_loss, loss, side="less").relative.estimate == pytest.approx(-1.0)  # type: ignore[union-attr]
    turned = compare(loss, smaller_loss, relative_by="log").relative
    assert turned is not None
    assert turned.estimate == pytest.approx(0.5)
    assert turned.interval.low < 0.5 < turned.interval.high < 1
    assert turned.statistic > 0


def test_mirrored_outcomes_mirror_the_answer() -> None:
    a, b = Mean(50, 100, 300), Mean(60, 150, 500)
    minus = [Mean(m.n, -m.total, m.squares) for m in (a, b)]
    for by in ("delta", "log"):
        there, back = compare(a, b, relative_by=by).relative, compare(*minus, relative_by=by).relative  # type: ignore[arg-type]
        assert there is not None
        assert back is not None
        assert back.estimate == pytest.approx(-there.estimate)
        assert tuple(back.interval) == pytest.approx((-there.interval.high, -there.interval.low))
        assert back.p_value == pytest.approx(there.p_value)


def test_a_baseline_near_zero_has_no_lift_but_a_difference() -> None:
    found = compare(Mean(100, 1.0, 100.0), Mean(100, 50.0, 150.0))
    assert found.relative is None
    assert "cannot be told from 0" in str(found.relative_refused)
    assert found.absolute.p_value < 0.002
    assert compare(Mean(10, 0.0, 10.0), Mean(10, 5.0, 10.0)).relative_refused == (
        "control is 0: nothing can be said relative to it"
    )
    crossed = compare(Mean(100, -100, 110), Mean(100, 100, 110), relative_by="log")
    assert crossed.relative is None
    assert "no logarithm" in str(crossed.relative_refused)


def test_a_treatment_of_zero_has_no_interval_of_its_lift() -> None:
    found = compare(Proportion(100, 10), Proportion(100, 0))
    assert found.relative is None
    assert "does not vary" in str(found.relative_refused)
    assert found.absolute.estimate == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: compare(Mean(0, 0, 0), Mean(5, 5, 9)), "control.n: 0"),
        (lambda: compare(Mean(5, 5, 9), Mean(1, 5, 25)), "treatment.n: 1 units; at least 2"),
        (lambda: compare(Mean(5, 5, 5), Mean(5, 5, 5)), "variance: 0 in control and treatment"),
        (lambda: compare(Proportion(9, 0), Proportion(9, 0)), "variance: 0"),
        (lambda: Mean(5, float("nan"), 9), "total: nan"),
        (lambda: Mean(5, 5, float("inf")), "squares: inf"),
        (lambda: Mean(-1, 0, 0), "n: -1"),
        (lambda: Mean(2, 10, 1), "sum of squares is too small"),
        (lambda: Mean(2.5, 10, 100), "n: 2.5; a whole number"),  # type: ignore[arg-type]
        (lambda: Proportion(5, 6), "successes: 6; at most n = 5"),
        (lambda: Ratio(5, 1, 0, 1, 0, 0).mean, "denominator: 0"),
        (lambda: Ratio(5, 1, 1, 1, 1, 9), "products: 9"),
        (lambda: AdjustedRatio(5, (1, 1, 1, 1), (1, 1)), "4 and 10 are needed"),
        (lambda: compare(Mean(5, 5, 9), Mean(5, 5, 9), alpha=1.5), "alpha: 1.5"),
        (lambda: compare(Mean(5, 5, 9), Mean(5, 5, 9), side="both"), "side: 'both'"),  # type: ignore[arg-type]
        (lambda: compare(Mean(5, 5, 9), Proportion(5, 1)), "treatment: Proportion; the control is a Mean"),
        (lambda: compare(Mean(5, 5, 9), Mean(1, 1, 1)), "treatment.n"),
    ],
)
def test_bad_numbers_are_named(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        make()


rows = st.lists(st.integers(-1000, 1000), min_size=3, max_size=30).filter(lambda values: len(set(values)) > 1)


@settings(max_examples=60, deadline=None)
@given(first=rows, second=rows, split=st.integers(1, 100), order=st.randoms(use_true_random=False))
def test_sums_add_up_in_any_order(first: list[int], second: list[int], split: int, order: Any) -> None:
    cut = split % len(first)
    whole = mean_of(np.array(first, float))
    assert mean_of(np.array(first[:cut], float)) + mean_of(np.array(first[cut:], float)) == whole
    mixed = list(first)
    order.shuffle(mixed)
    assert compare(mean_of(np.array(mixed, float)), mean_of(np.array(second, float))) == compare(
        whole, mean_of(np.array(second, float))
    )


@settings(max_examples=60, deadline=None)
@given(first=rows, second=rows, scale=st.sampled_from([0.01, 3.0, 1e5]))
def test_units_of_money_and_sides_do_not_matter(first: list[int], second: list[int], scale: float) -> None:
    a, b = np.array(first, float), np.array(second, float)
    there, scaled = compare(mean_of(a), mean_of(b)), compare(mean_of(a * scale), mean_of(b * scale))
    assert scaled.absolute.p_value == pytest.approx(there.absolute.p_value, rel=1e-6)
    assert (scaled.relative is None) == (there.relative is None)
    back = compare(mean_of(b), mean_of(a)).absolute
    assert back.estimate == pytest.approx(-there.absolute.estimate)
    assert back.p_value == pytest.approx(there.absolute.p_value)
    sided = [compare(mean_of(a), mean_of(b), side=side).absolute.p_value for side in ("greater", "less")]  # type: ignore[arg-type]
    assert sum(sided) == pytest.approx(1.0)
    assert 2 * min(sided) == pytest.approx(there.absolute.p_value)


def test_a_comparison_says_what_it_is_of() -> None:
    found = compare(Mean(10, 20, 50), Mean(12, 30, 90))
    assert isinstance(found, Comparison)
    assert (found.n_control, found.n_treatment, found.absolute.n) == (10, 12, 22)
    assert found.control + found.absolute.estimate == pytest.approx(found.treatment)
