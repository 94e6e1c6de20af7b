"""Pairwise quality, against counting every pair."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.cluster import pair_confusion_matrix

from orchestration.demo.pairwise import pairwise_quality

LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30)


@given(LABELS)
def test_it_equals_counting_every_pair(items: list[tuple[int, int]]) -> None:
    found, true = (pd.Series([item[side] for item in items]) for side in (0, 1))
    quality = pairwise_quality(found, true)
    pairs = list(combinations(items, 2))
    put = [pair for pair in pairs if pair[0][0] == pair[1][0]]
    belong = [pair for pair in pairs if pair[0][1] == pair[1][1]]
    both = [pair for pair in put if pair[0][1] == pair[1][1]]
    assert quality.precision == pytest.approx(len(both) / len(put) if put else 1.0)
    assert quality.recall == pytest.approx(len(both) / len(belong) if belong else 1.0)


@given(LABELS)
def test_it_agrees_with_scikit_learn(items: list[tuple[int, int]]) -> None:
    found, true = (pd.Series([item[side] for item in items]) for side in (0, 1))
    (_, wrong), (missed, hit) = pair_confusion_matrix(true, found).tolist()
    expected = 2 * hit / (2 * hit + wrong + missed) if hit else None
    quality = pairwise_quality(found, true)
    if expected is not None:
        assert quality.f1 == pytest.approx(expected)


@given(LABELS)
def test_names_of_clusters_do_not_matter_and_the_two_sides_swap(items: list[tuple[int, int]]) -> None:
    found, true = (pd.Series([item[side] for item in items]) for side in (0, 1))
    quality = pairwise_quality(found, true)
    assert pairwise_quality(found.map("c{}".format), true) == quality
    swapped = pairwise_quality(true, found)
    assert (swapped.precision, swapped.recall) == (quality.recall, quality.precision)


def test_all_alone_and_all_together() -> None:
    people = pd.Series(["a", "a", "b", "b"])
    alone = pairwise_quality(pd.Series([1, 2, 3, 4]), people)
    assert (alone.precision, alone.recall, alone.f1) == (1.0, 0.0, 0.0)
    together = pairwise_quality(pd.Series([1, 1, 1, 1]), people)
    assert (together.precision, together.recall) == (pytest.approx(2 / 6), 1.0)


def test_labellings_of_different_items_are_refused() -> None:
    with pytest.raises(ValueError, match="found has 1 items, true has 2"):
        pairwise_quality(pd.Series([1]), pd.Series([1, 2]))
