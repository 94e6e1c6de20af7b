"""Paths against networkx; owners of a day."""

from __future__ import annotations

import networkx as nx
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.identity import FOREVER, canonical_id, owner_on, shortest_path
from tests.ml.identity import ledgers

LINKS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.booleans(), st.integers(1, 9)), max_size=25)


def edges(links: list[tuple[int, int, bool, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "edge_key": range(len(links)),
            "a_key": [a for a, _, _, _ in links],
            "b_key": [b for _, b, _, _ in links],
            "kind": ["probabilistic" if guess else "deterministic" for _, _, guess, _ in links],
            "confidence": [weight / 10 if guess else 1.0 for _, _, guess, weight in links],
            "state": "active",
        }
    )


def cost(links: list[tuple[int, int, bool, int]], keys: list[int]) -> tuple[int, int, int]:
    """Links, probable links and lost confidence (in tenths) of a chain."""
    guesses = [weight for _, _, guess, weight in (links[key] for key in keys) if guess]
    return len(keys), len(guesses), sum(10 - weight for weight in guesses)


@settings(deadline=None, max_examples=80)
@given(LINKS)
def test_the_best_path_costs_what_networkx_finds(links: list[tuple[int, int, bool, int]]) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(range(9))
    for a, b, guess, weight in links:
        price = 1_000_000 + (1_000 + 10 - weight if guess else 0)
        graph.add_edge(a, b, price=min(price, graph.get_edge_data(a, b, {"price": price})["price"]))
    path = shortest_path(edges(links), 0, 8)
    if not nx.has_path(graph, 0, 8):
        assert path == []
        return
    length, guesses, lost = cost(links, path)
    assert length * 1_000_000 + guesses * 1_000 + lost == nx.shortest_path_length(graph, 0, 8, weight="price")
    here = 0
    for key in path:
        here = links[key][1] if links[key][0] == here else links[key][0]
    assert here == 8


def test_a_path_follows_active_links_only() -> None:
    refused = edges([(0, 8, False, 1), (0, 4, False, 1), (4, 8, False, 1)])
    refused.loc[0, "state"] = "quarantined"
    assert shortest_path(refused, 0, 8) == [1, 2]
    assert shortest_path(refused, 3, 3) == []


def test_the_owner_of_a_day_is_the_one_whose_stretch_holds_it() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "cookie", 30))
    assignment = ledgers.resolve_frames(
        nodes, ledgers.pairs((1, 3, 31), (2, 3, 125)), claims=ledgers.claims((3, 1, 1), (3, 2, 5), (3, 1, 9))
    ).assignment

    def owner(day: float, as_of: pd.Timestamp = FOREVER) -> str:
        on = owner_on(assignment, as_of, pd.Timestamp(ledgers.at(24 * day))).set_index("identifier_key")
        return str(on.loc[3, "canonical_id"])

    assert [owner(day) for day in (0, 1, 4.9, 5, 8.5, 9, 400)] == [canonical_id(n) for n in (1, 1, 1, 2, 2, 1, 1)]
    assert owner(400, as_of=pd.Timestamp(ledgers.at(200))) == canonical_id(2)
