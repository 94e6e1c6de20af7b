"""Buckets against published vectors of open experiment SDKs, and what splits promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from serving.experiments.buckets import BUCKETS, bucket, fnv32a, part_of, place, split

# Fowler, Noll, Vo: test vectors of FNV-1a, 32 bits (draft-eastlake-fnv, appendix C).
FNV = [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)]
# The cases that GrowthBook publishes for its SDKs (packages/sdk-js/test/cases.json): seed, value, number.
VERSION_2 = [("seed", "a", 0.0505), ("seed", "b", 0.2696), ("foo", "ab", 0.2575), ("foo", "def", 0.2019)]


@pytest.mark.parametrize(("text", "expected"), FNV)
def test_fnv_is_that_of_its_authors(text: str, expected: int) -> None:
    assert fnv32a(text) == expected


@pytest.mark.parametrize(("seed", "value", "expected"), VERSION_2)
def test_buckets_are_those_of_open_sdks(seed: str, value: str, expected: float) -> None:
    assert place(seed, value) == expected


def test_salts_of_layer_holdout_and_arm_tell_nothing_of_each_other() -> None:
    units = [f"c{n}" for n in range(12_000)]
    sides = [
        [bucket(seed, unit) * 4 // BUCKETS for unit in units] for seed in ("layer/default", "holdout/a/1", "arm/a/1")
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        table = np.histogram2d(sides[one], sides[other], bins=4)[0]
        assert stats.chi2_contingency(table).pvalue > 0.001


@settings(max_examples=15)
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8))
def test_every_bucket_falls_into_the_part_whose_share_counts_it(weights: list[float]) -> None:
    ends, shares = split(weights)
    counted = [0] * len(weights)
    for number in range(BUCKETS):
        counted[part_of(number / BUCKETS, ends)] += 1
    assert [n / BUCKETS for n in counted] == list(shares)
    assert np.allclose(shares, np.array(weights) / sum(weights), atol=1 / BUCKETS)
