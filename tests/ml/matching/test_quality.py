"""Floors under cluster quality; benchmarks/matching.py measures the whole."""

from __future__ import annotations

import pytest

from tests.ml.matching.people import Noise, company, namesakes
from tests.ml.matching.quality import febrl, people_found

CLEAN = Noise(absent=0.02, misspelt=0.01, moved=0.0, nickname=0.0, swapped=0.0, wrong=0.0)
NOISY = Noise(absent=0.15, misspelt=0.2, moved=0.15, nickname=0.15, swapped=0.03, wrong=0.03)


@pytest.mark.parametrize(("noise", "floor"), [(CLEAN, 0.995), (Noise(), 0.96), (NOISY, 0.88)])
def test_people_of_a_company_with_households(noise: Noise, floor: float) -> None:
    found = people_found(company(2_000, seed=12, noise=noise))
    assert found.bcubed_f1 >= floor
    assert found.bcubed_precision >= 0.995


def test_namesakes_stay_strangers() -> None:
    # Without counting how common names are, 15 % of these pairs were wrong.
    found = people_found(namesakes(1_200, seed=5))
    assert found.pairwise_precision >= 0.995
    assert found.pairwise_recall >= 0.97


def test_febrl_1() -> None:
    # One in ten of its duplicates has a first name or birth date of another person, which is vetoed like a twin.
    found = people_found(febrl("1"))
    assert found.bcubed_f1 >= 0.96
    assert found.bcubed_precision >= 0.999
