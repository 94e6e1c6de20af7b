"""Keys: without direction, within a BIGINT, spread out; the vectorised ones equal the scalar ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ml.identity import canonical_id
from ml.identity.keys import canonical_ids, edge_key, edge_keys, event_ids, mix

KEYS = st.integers(0, 2**60 - 1)


@given(KEYS, KEYS)
def test_an_edge_has_one_key_from_both_ends_within_a_bigint(a: int, b: int) -> None:
    key = edge_key(a, b, "same_event", "web")
    assert key == edge_key(b, a, "same_event", "web")
    assert 0 <= key < 2**60
    assert key not in (edge_key(a, b, "same_event", "app"), edge_key(a, b, "web", "same_event"))


def test_splitmix_gives_the_published_sequence() -> None:
    """First outputs of SplitMix64 with seed 1234567: https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64."""
    with np.errstate(over="ignore"):
        states = np.uint64(1234567) + np.arange(2, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973]


def test_neighbouring_edges_do_not_collide() -> None:
    a, b = np.divmod(np.arange(1_000_000), 1_000)
    rule = pd.Series(["same_event"] * len(a), dtype="str")
    keys = edge_keys(np.minimum(a, b), np.maximum(a, b), rule, rule)
    assert len(np.unique(keys)) == 1_000 * 1_001 // 2


@given(st.lists(KEYS, min_size=1, max_size=20))
def test_columns_of_ids_equal_single_ids(keys: list[int]) -> None:
    assert canonical_ids(np.array(keys)).tolist() == [canonical_id(key) for key in keys]


def test_event_ids_tell_every_column_apart() -> None:
    ids = event_ids(np.array([1, 2, 1]), np.array([2, 1, 1]))
    assert ids.is_unique
    assert set(ids.str.len()) == {32}
