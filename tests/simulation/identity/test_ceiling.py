"""The ceiling against its definition spelt out with networkx."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from itertools import combinations

import networkx as nx
import pytest

from simulation.identity.ceiling import ceiling_of
from simulation.identity.company import draw_company
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.sightings import UNKNOWN, Sightings
from simulation.identity.truth import shown_identifiers
from simulation.identity.write import Drawn, draw_everything

Item = tuple[str, int]


def _owner(drawn: Drawn) -> dict[Item, int]:
    """Items and whose they are: identifiers that one person alone shows."""
    owners: dict[Item, list[int]] = defaultdict(list)
    for kind, (codes, people) in shown_identifiers(drawn.company, drawn.sightings).items():
        for code, person in zip(codes.tolist(), people.tolist(), strict=True):
            owners[kind, code].append(person)
    return {item: people[0] for item, people in owners.items() if len(people) == 1 and people[0] >= 0}


def _statements(seen: Sightings, row: int) -> Iterator[tuple[Hashable, ...]]:
    profile = seen.profile
    assert profile is not None
    said = {
        name: int(getattr(profile, name)[row])
        for name in ("given", "family", "home", "area", "born")
        if getattr(profile, name)[row] not in (-1, UNKNOWN)
    }
    said |= {name: int(seen.codes[name][row]) for name in ("email", "phone") if seen.codes[name][row] >= 0}
    for names in (
        ("given", "family", "born"), ("given", "family", "home"), ("given", "family", "area"),
        ("given", "email"), ("given", "phone"), ("given", "home", "born"),
    ):  # fmt: skip
        if said.keys() >= set(names):
            yield (names, *(said[name] for name in names))


def _by_hand(drawn: Drawn) -> tuple[float, float]:
    owner, graph = _owner(drawn), nx.Graph()
    graph.add_nodes_from(owner)
    stated: dict[Hashable, list[tuple[int, Hashable]]] = defaultdict(list)
    for seen in drawn.sightings:
        for row, person in enumerate(seen.person.tolist()):
            shown = [(kind, int(codes[row])) for kind, codes in seen.codes.items() if (kind, codes[row]) in owner]
            if person < 0:
                continue
            graph.add_edges_from(combinations(shown, 2))
            if seen.profile is not None:
                graph.add_edges_from(((seen.source, row), item) for item in shown)
                for statement in _statements(seen, row):
                    stated[statement].append((person, (seen.source, row)))
    for records in stated.values():
        if len({person for person, _ in records}) == 1:
            nx.add_path(graph, [record for _, record in records])
    return _recalls(graph, owner)


def _recalls(graph: nx.Graph, owner: dict[Item, int]) -> tuple[float, float]:
    label = {node: number for number, part in enumerate(nx.connected_components(graph)) for node in part}
    mine: dict[int, list[Item]] = defaultdict(list)
    for item, person in owner.items():
        mine[person].append(item)
    together = sum(label[a] == label[b] for items in mine.values() for a, b in combinations(items, 2))
    possible = sum(len(items) * (len(items) - 1) // 2 for items in mine.values())
    shares = [sum(label[a] == label[b] for b in items) / len(items) for items in mine.values() for a in items]
    return together / possible, sum(shares) / len(shares)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_equals_the_definition_spelt_out(seed: int) -> None:
    drawn = draw_everything(draw_company(150, 90, seed, IdentityKnobs()))
    ceiling = ceiling_of(drawn.company, drawn.sightings)
    pairwise, bcubed = _by_hand(drawn)
    assert ceiling.pairwise_recall == pytest.approx(pairwise)
    assert ceiling.bcubed_recall == pytest.approx(bcubed)
    assert ceiling.items == len(_owner(drawn))


def test_it_lies_between_zero_and_one(drawn: Drawn) -> None:
    ceiling = ceiling_of(drawn.company, drawn.sightings)
    assert 0 < ceiling.pairwise_recall < ceiling.pairwise_f1 < 1
    assert 0 < ceiling.bcubed_recall < ceiling.bcubed_f1 < 1
    assert 0 < ceiling.people <= 2_000


def test_without_noise_everything_is_within_reach() -> None:
    drawn = draw_everything(draw_company(2_000, 120, 5, IdentityKnobs.without_noise()))
    ceiling = ceiling_of(drawn.company, drawn.sightings)
    assert (ceiling.pairwise_f1, ceiling.bcubed_f1) == (1.0, 1.0)
    assert ceiling.people == 2_000


def test_worse_evidence_lowers_it() -> None:
    def recall(knobs: IdentityKnobs) -> float:
        drawn = draw_everything(draw_company(1_000, 120, 5, knobs))
        return ceiling_of(drawn.company, drawn.sightings).pairwise_recall

    assert recall(IdentityKnobs(anonymous_visit_share=0.8)) < recall(IdentityKnobs())
    assert recall(IdentityKnobs(missing_contact_share=0.6)) < recall(IdentityKnobs())
