"""The recorded numbers of other implementations, and how their inputs are spelled here."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path
from typing import Any

from ml.experiments.arms import Statistic
from ml.experiments.cuped import Adjusted, AdjustedRatio
from ml.experiments.effect import Effect, Interval
from ml.experiments.means import Mean
from ml.experiments.proportions import Proportion
from ml.experiments.ratios import Ratio

FOLDER = Path(__file__).parents[2] / "data" / "experiments"
# The upper triangle of numerator, denominator, numerator before, denominator before.
RATIO_PRODUCTS = (
    "m_post_ss",
    "m_post_d_post",
    "m_post_m_pre",
    "m_post_d_pre",
    "d_post_ss",
    "m_pre_d_post",
    "d_post_d_pre",
    "m_pre_ss",
    "m_pre_d_pre",
    "d_pre_ss",
)


def recorded(name: str) -> dict[str, Any]:
    """One file of tests/data/experiments."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def cases(*kinds: str) -> list[Any]:
    """The recorded GrowthBook cases of these kinds."""
    found = [case for case in recorded("gbstats")["cases"] if case["kind"] in kinds]
    assert found, kinds
    return found


def case_name(case: dict[str, Any]) -> str:
    return f"{case['kind']} {case['name']}"


def statistic(kind: str, given: dict[str, Any], n: int | None = None) -> Statistic:
    """The statistic of one recorded arm."""
    if kind == "mean":
        return Mean(given["n"], given["sum"], given["sum_squares"])
    if kind == "proportion":
        return Proportion(given["n"], given["successes"])
    if kind == "ratio":
        above, below = given["numerator"], given["denominator"]
        squares = above["sum_squares"], below["sum_squares"]
        return Ratio(given["n"], above["sum"], below["sum"], *squares, given["sum_of_products"])
    if kind == "cuped":
        post, pre = given["post"], given["pre"]
        sums = post["sum"], post["sum_squares"], pre["sum"], pre["sum_squares"]
        return Adjusted(given["n"], *sums, given["post_pre_sum_of_products"])
    assert n is not None
    totals = given["m_post_sum"], given["d_post_sum"], given["m_pre_sum"], given["d_pre_sum"]
    return AdjustedRatio(n, totals, tuple(given[name] for name in RATIO_PRODUCTS))


def bare_effect(estimate: float, standard_error: float, n: int = 1000) -> Effect:
    """An effect with a normal statistic, as far as looks and sequences read it."""
    return Effect(estimate, standard_error, Interval(-inf, inf), 1.0, estimate / standard_error, inf, n)
