"""The union-find against scipy and networkx where no rule binds, and each rule by name."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ml.identity.union import Components, Verdict

LINKS = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=60)


@given(LINKS)
def test_free_nodes_form_the_components_that_scipy_and_networkx_find(links: list[tuple[int, int]]) -> None:
    ours = Components(["crm_id"] * 20, list(range(20)))
    for a, b in links:
        ours.join(a, b)
    rows, columns = np.array([a for a, _ in links], dtype=int), np.array([b for _, b in links], dtype=int)
    _, labels = connected_components(coo_matrix((np.ones(len(links)), (rows, columns)), shape=(20, 20)), directed=False)
    graph = nx.Graph(links)
    graph.add_nodes_from(range(20))
    oldest = {node: min(group) for group in nx.connected_components(graph) for node in group}
    for node in range(20):
        assert ours.anchor(node) == oldest[node]
        assert (ours.anchor(node) == ours.anchor(0)) == (labels[node] == labels[0])


@pytest.mark.parametrize("kind", ["login", "loyalty_id"])
def test_two_exclusive_values_never_meet(kind: str) -> None:
    people = Components([kind, "email", kind], [0, 1, 2])
    assert people.join(0, 1).verdict is Verdict.MERGED
    assert people.join(1, 2).verdict is Verdict.EXCLUSIVE
    assert people.anchor(2) == 2


def test_a_login_and_a_loyalty_id_may_be_one_person() -> None:
    people = Components(["login", "loyalty_id"], [0, 1])
    assert people.join(0, 1).verdict is Verdict.MERGED


def test_the_sixth_email_is_refused() -> None:
    people = Components(["login", *["email"] * 6], list(range(7)))
    verdicts = [people.join(0, email).verdict for email in range(1, 7)]
    assert verdicts == [Verdict.MERGED] * 5 + [Verdict.TOO_MANY]


def test_a_cookie_joins_its_first_person_and_never_ties_two() -> None:
    people = Components(["login", "login", "cookie"], [0, 1, 2])
    assert people.join(0, 2).verdict is Verdict.MERGED
    assert people.join(1, 2).verdict is Verdict.SHARED
    assert [people.anchor(node) for node in range(3)] == [0, 1, 0]


def test_an_older_cookie_gives_its_name_to_the_person_who_logs_in() -> None:
    people = Components(["login", "cookie"], [1, 0])
    link = people.join(0, 1)
    assert people.anchor(0) == 1
    assert link.moved == (0,)


def test_two_cookies_alone_are_not_a_person() -> None:
    people = Components(["cookie", "device_id"], [0, 1])
    assert people.join(0, 1).verdict is Verdict.WEAK
    assert people.join(0, 0).verdict is Verdict.SELF


def test_moved_nodes_are_the_younger_person_whole() -> None:
    people = Components(["crm_id"] * 4, [3, 2, 1, 0])
    people.join(0, 1)
    assert sorted(people.join(1, 2).moved) == [0, 1]
    assert people.join(0, 2).verdict is Verdict.KNOWN
    assert sorted(people.join(3, 0).moved) == [0, 1, 2]
