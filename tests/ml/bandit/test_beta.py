"""Exact propensities, against numbers made elsewhere, the closed form and brute force."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import betaln

from ml.bandit import probability_best_beta, with_floor

# Quadrature checked against the closed form with 50 digits, by a program that shares nothing with ours.
CASES = json.loads((Path(__file__).parents[2] / "data" / "ts_propensity.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["alpha"]))
def test_numbers_of_another_program_are_met_to_a_billionth(case: dict[str, list[float]]) -> None:
    found = probability_best_beta(case["alpha"], case["beta"])
    assert found == pytest.approx(case["p_best"], abs=1e-9)
    assert with_floor(found, 0.10) == pytest.approx(case["with_total_floor_0.10"], abs=1e-9)


@pytest.mark.parametrize(("a", "b", "c", "d"), [(3, 40, 5, 30), (500, 9_500, 3, 60), (2, 2, 9_000, 11_000)])
def test_two_arms_meet_the_closed_form(a: int, b: int, c: int, d: int) -> None:
    """P(second > first) = sum over i < c of B(a + i, b + d) / ((d + i) B(1 + i, d) B(a, b)) (Miller 2015)."""
    terms = np.arange(c)
    exact = np.exp(betaln(a + terms, b + d) - np.log(d + terms) - betaln(1 + terms, d) - betaln(a, b)).sum()
    assert probability_best_beta([a, c], [b, d])[1] == pytest.approx(exact, abs=1e-9)


def test_six_arms_agree_with_draws() -> None:
    alpha, beta = [3, 30, 300, 2, 1, 40], [100, 1000, 9000, 50, 1, 2000]
    draws = np.random.default_rng(1).beta(alpha, beta, size=(200_000, 6))
    counted = np.bincount(draws.argmax(axis=1), minlength=6) / 200_000
    assert probability_best_beta(alpha, beta) == pytest.approx(counted, abs=0.005)


def test_parameters_below_one_do_not_break_it() -> None:
    """Arcsine posteriors have infinite density at both ends."""
    assert probability_best_beta([0.5, 0.5], [0.5, 0.5]) == pytest.approx([0.5, 0.5], abs=1e-9)


@pytest.mark.parametrize(
    ("alpha", "beta"), [([0.0, 1.0], [1.0, 1.0]), ([1.0, np.nan], [1.0, 1.0]), ([1.0], [1.0, 2.0])]
)
def test_impossible_parameters_are_refused(alpha: list[float], beta: list[float]) -> None:
    with pytest.raises(ValueError, match="alpha"):
        probability_best_beta(alpha, beta)


def test_floor_is_total_and_leaves_a_distribution() -> None:
    assert with_floor(np.array([1.0, 0.0, 0.0, 0.0]), 0.2) == pytest.approx([0.85, 0.05, 0.05, 0.05])
    with pytest.raises(ValueError, match=r"floor is 1\.5"):
        with_floor(np.array([1.0]), 1.5)
