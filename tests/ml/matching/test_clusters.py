"""Pairs that candidates bring together, against networkx after every single candidate."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.matching.clusters import joined_pairs

edges = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda edge: edge[0] < edge[1]), max_size=20)


@settings(deadline=None, max_examples=80)
@given(candidates=edges)
def test_each_pair_is_dated_by_the_candidate_that_joined_it(candidates: list[tuple[int, int]]) -> None:
    a, b = (np.array([edge[side] for edge in candidates], dtype=np.int64) for side in (0, 1))
    found = joined_pairs(10, a, b)
    dated = dict(zip(zip(found.a.tolist(), found.b.tolist(), strict=True), found.via.tolist(), strict=True))
    assert len(dated) == len(found.a)
    for known in range(1, len(candidates) + 1):
        graph = nx.Graph(candidates[:known])
        together = {pair for part in nx.connected_components(graph) for pair in combinations(sorted(part), 2)}
        listed = {pair for pair, via in dated.items() if via < known}
        assert listed <= together
        assert together - listed <= set(candidates[:known])
