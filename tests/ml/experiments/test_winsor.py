"""Bounds on revenue: one order of a million, few buyers, refunds."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.experiments.difference import compare
from ml.experiments.means import Mean
from ml.experiments.winsor import Caps, caps, winsorised


def mean_of(values: np.ndarray) -> Mean:
    return Mean(len(values), float(values.sum()), float((values**2).sum()))


def test_one_order_of_a_million_decides_nothing_and_is_told() -> None:
    random = np.random.default_rng(1)
    control, treatment = (random.gamma(2, 20, 4000) * (random.random(4000) < 0.05) for _ in range(2))
    usual = compare(mean_of(control), mean_of(treatment)).absolute
    treatment[np.argmax(treatment > 0)] = 1_000_000.0
    assert compare(mean_of(control), mean_of(treatment)).absolute.standard_error > 100 * usual.standard_error
    bounds = caps(np.concatenate([control, treatment]))
    held = [winsorised(values, bounds) for values in (control, treatment)]
    found = compare(*(mean_of(part.values) for part in held)).absolute
    assert found.estimate == pytest.approx(usual.estimate, abs=usual.standard_error)
    assert found.standard_error < 1.1 * usual.standard_error
    assert held[1].n_clipped >= 1
    assert "the furthest at 1e+06" in held[1].said
    assert f"above {bounds.high:.6g} and count as that (bounds of all arms together)" in held[1].said
    assert "inf" not in held[0].said + held[1].said


def test_where_few_buy_the_bound_is_of_those_who_do() -> None:
    values = np.zeros(10_000)
    values[:20] = np.arange(1, 21)
    assert caps(values).high == 19.0
    assert caps(np.array([0.0, 7.0])).high == 7.0
    assert caps(np.array([7.0, 1e6])).high == 7.0


def test_refunds_have_a_bound_of_their_own() -> None:
    values = np.array([0.0, 10, 20, 30, -5, -6, -900])
    bounds = caps(values)
    assert (bounds.low, bounds.high) == (-6.0, 20.0)
    held = winsorised(values, bounds)
    assert held.values.tolist() == [0, 10, 20, 20, -5, -6, -6]
    assert (held.n_clipped, held.total_before, held.total_after) == (2, -851.0, 33.0)


def test_nothing_to_hold_is_said() -> None:
    bounds = caps(np.zeros(5))
    assert (bounds.low, bounds.high) == (-inf, inf)
    assert "no unit of 5" in winsorised(np.zeros(5), bounds).said


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), tail=st.floats(0.001, 0.4))
def test_order_does_not_matter_and_nothing_is_moved_outwards(values: list[float], tail: float) -> None:
    bounds = caps(values, tail=tail)
    assert bounds == caps(values[::-1], tail=tail)
    held = winsorised(values, bounds)
    assert (np.abs(held.values) <= np.abs(np.array(values))).all()
    assert held.n_clipped == (held.values != np.array(values)).sum()
    again = winsorised(held.values, bounds)
    assert again.n_clipped == 0


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="values: 1 of 2 are not finite"):
        caps([1.0, float("nan")])
    with pytest.raises(ValueError, match="at least 1 value"):
        caps([])
    with pytest.raises(ValueError, match=r"tail: 0\.5"):
        caps([1.0], tail=0.5)
    with pytest.raises(ValueError, match=r"low: 2\.0; at most high"):
        winsorised([1.0], Caps(2.0, 1.0, 0.01))
