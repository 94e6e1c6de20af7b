"""Id alignment against brute force over all matchings."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.segments.align import align, migration

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@settings(deadline=None)
@given(PAIRS)
def test_as_many_customers_as_possible_keep_their_id(pairs: list[tuple[int, int]]) -> None:
    before, after = np.array(pairs, dtype=np.int64).T
    ids = (10, 11, 12, 13)
    best = max(sum(before[i] == order[after[i]] for i in range(len(before))) for order in permutations(range(4)))
    result = align(before, after, 4, ids, 14)
    assert round((1 - result.moved_share) * len(before)) == best
    assert len(set(result.ids)) == 4


def test_a_new_segment_gets_an_id_never_used_before() -> None:
    before = np.array([0, 0, 1, 1, 1], dtype=np.int64)
    after = np.array([1, 1, 0, 2, 2], dtype=np.int64)
    result = align(before, after, 3, (4, 7), next_id=9)
    assert result.ids == (9, 4, 7)
    assert result.next_id == 10
    assert result.moved_share == 0.2


def test_migration_counts_every_customer_once() -> None:
    counts = migration(np.array([0, 0, 1]), np.array([1, 1, 0]), 2, 2)
    assert counts.tolist() == [[0, 2], [1, 0]]
