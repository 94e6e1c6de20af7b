"""Plain connectivity against scipy, networkx and a textbook union-find."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ml.identity import affected, components


def graph(seed: int, links: int = 400, nodes: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    keys = rng.integers(0, 2**60, nodes)
    return keys[rng.integers(0, nodes, links)], keys[rng.integers(0, nodes, links)]


def union_find(a: np.ndarray, b: np.ndarray) -> dict[int, int]:
    parent = {int(key): int(key) for key in (*a, *b)}

    def root(key: int) -> int:
        return key if parent[key] == key else root(parent[key])

    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {key: root(key) for key in parent}


@pytest.mark.parametrize("seed", range(5))
def test_components_equal_networkx_and_a_textbook_union_find(seed: int) -> None:
    a, b = graph(seed)
    keys, labels = components(a, b)
    ours = dict(zip(keys.tolist(), labels.tolist(), strict=True))
    assert ours == union_find(a, b)
    found = nx.connected_components(nx.Graph(zip(a.tolist(), b.tolist(), strict=True)))
    assert ours == {key: min(group) for group in found for key in group}
    assert keys.tolist() == sorted(ours)


@pytest.mark.parametrize("seed", range(5))
def test_components_partition_as_scipy_does(seed: int) -> None:
    a, b = graph(seed, links=3_000, nodes=4_000)
    keys, labels = components(a, b)
    ends = np.searchsorted(keys, a), np.searchsorted(keys, b)
    count, theirs = connected_components(coo_matrix((np.ones(len(a)), ends), shape=(len(keys), len(keys))))
    assert len(np.unique(labels)) == count
    assert len(np.unique(np.column_stack((labels, theirs)), axis=0)) == count


def test_a_long_chain_is_one_component() -> None:
    keys = np.random.default_rng(1).permutation(20_000)
    _, labels = components(keys[:-1], keys[1:])
    assert (labels == 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_affected_is_everything_that_networkx_can_reach(seed: int) -> None:
    a, b = graph(seed)
    changed = np.array([a[0], a[7], 12345])
    whole = nx.Graph(zip(a.tolist(), b.tolist(), strict=True))
    expected = {12345}.union(*(nx.node_connected_component(whole, int(key)) for key in changed[:2]))
    assert affected(changed, a, b).tolist() == sorted(expected)


def test_nothing_connects_nothing() -> None:
    none = np.array([], dtype=np.int64)
    assert [len(part) for part in components(none, none)] == [0, 0]
    assert affected(none, none, none).tolist() == []


def test_ends_without_a_partner_are_refused() -> None:
    with pytest.raises(ValueError, match="2 first ends and 1 second ends"):
        components(np.array([1, 2]), np.array([3]))
