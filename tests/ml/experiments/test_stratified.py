"""Two arms within strata, against least squares with an effect of each stratum, and against drawn units."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ml.experiments.stratified import Sums, side_by_side

DRAWS = np.random.default_rng(20260312)
STRATA = 12


def drawn(size: int, effect: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Stratum, arm and value of each unit: the better a stratum buys, the less the arm is drawn there."""
    stratum = DRAWS.integers(0, STRATA, size)
    treated = DRAWS.random(size) < 0.9 - 0.85 * stratum / STRATA
    return stratum, treated, DRAWS.normal(stratum + effect * treated, 2.0)


def sums(stratum: npt.NDArray[np.int64], value: npt.NDArray[np.float64]) -> Sums:
    return Sums(
        *(np.bincount(stratum, one, STRATA + 1).astype(np.float64) for one in (np.ones(len(value)), value, value**2))
    )


def test_the_difference_is_that_of_least_squares_with_an_effect_of_each_stratum() -> None:
    stratum, treated, value = drawn(900, 0.7)
    pair = side_by_side(sums(stratum[~treated], value[~treated]), sums(stratum[treated], value[treated]))
    assert pair is not None
    columns = np.column_stack([treated, *(stratum == one for one in range(STRATA))]).astype(float)
    told, *_ = np.linalg.lstsq(columns, value, rcond=None)
    assert pair[1].mean - pair[0].mean == pytest.approx(told[0], rel=1e-9)
    assert value[treated].mean() < value[~treated].mean()


def test_an_arm_that_does_nothing_is_seldom_told_from_the_plain_one() -> None:
    told = []
    for _ in range(400):
        stratum, treated, value = drawn(300, 0.0)
        pair = side_by_side(sums(stratum[~treated], value[~treated]), sums(stratum[treated], value[treated]))
        assert pair is not None
        told.append((pair[1].mean - pair[0].mean) / np.sqrt(sum(one.variance / one.n for one in pair)))
    assert np.mean(np.abs(told) > 1.96) < 0.07
    # Strata count as scatter, so that the error is told rather too large; here strata differ more than units do.
    assert 0.2 < np.std(told) < 1.05


def test_strata_of_one_arm_alone_say_nothing() -> None:
    first, second = (Sums(*(np.array(one) for one in part)) for part in (((3.0, 0.0), (6.0, 0.0), (14.0, 0.0)),) * 2)
    apart = Sums(*(one[::-1] for one in (second.n, second.total, second.squares)))
    assert side_by_side(first, apart) is None
    found = side_by_side(first, second)
    assert found is not None
    assert [(one.n, one.mean) for one in found] == [(3, 2.0)] * 2
