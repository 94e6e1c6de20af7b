"""What a perfect reader of the visible evidence could reach.

Definition. The items are the identifiers that only one person ever shows; the truth is whose they are. Two items of one
person may be put together when a chain of visible evidence ties them, each step being either

- both stand on one line of a file, or
- they stand on two records that state the same, by what a reader can decipher (short forms, slips and other spellings
  undone), in one of these combinations: given name, family name and birth date; given name, family name and street
  address; given name, family name and postal code; given name and e-mail; given name and phone; given name, street
  address and birth date. A combination counts only if no second person's record shows the same one.

Identifiers that several people show (a household's address, a shared tablet, a recycled number) tie nothing by
themselves. Nothing is ever put together wrongly, so precision is 1 and recall is the ceiling. What remains out of reach
is what no line connects: a cookie that never logged in, a card that was never shown beside a name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simulation.arrays import I64, Bool
from simulation.identity.company import Company
from simulation.identity.sightings import TYPES, UNKNOWN, Sightings
from simulation.identity.truth import shown_identifiers


@dataclass(frozen=True)
class Ceiling:
    """The best that is possible, 0 to 1; `items` identifiers of `people` people were counted."""

    items: int
    people: int
    pairwise_recall: float
    pairwise_f1: float
    bcubed_recall: float
    bcubed_f1: float

    def as_dict(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


def ceiling_of(company: Company, sightings: list[Sightings]) -> Ceiling:
    """Tie everything that can be tied and compare with the truth."""
    items = _Items(company, sightings)
    ties = [items.same_line(seen) for seen in sightings]
    records, keys = _records(sightings, items)
    ties += [np.column_stack([node, item]) for node, item in records]
    ties += [_same_statement(columns) for columns in keys]
    nodes = items.count + sum(len(seen.person) for seen in sightings if seen.profile is not None)
    ends = np.concatenate(ties)
    graph = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    label = connected_components(graph, directed=False)[1][: items.count].astype(np.int64)
    return _measured(label, items.person)


class _Items:
    """Numbers the identifiers that exactly one person shows: `number` maps a type's code, -1 for all others."""

    def __init__(self, company: Company, sightings: list[Sightings]) -> None:
        self._of_code: dict[str, I64] = {}
        people, self.count = [], 0
        for kind, (code, person) in shown_identifiers(company, sightings).items():
            owners = np.bincount(code, minlength=1)
            single = (owners[code] == 1) & (person >= 0)
            numbers = np.full(len(owners), -1, dtype=np.int64)
            numbers[code[single]] = self.count + np.arange(int(single.sum()))
            self._of_code[kind] = numbers
            people.append(person[single])
            self.count += int(single.sum())
        self.person = np.concatenate(people)

    def number(self, kind: str, code: I64) -> I64:
        """The item of each code; -1 where there is none or several people show it."""
        return np.where(code >= 0, self._of_code[kind][np.maximum(code, 0)], -1)

    def on_line(self, seen: Sightings) -> list[I64]:
        """For each type shown, the item on each line; lines of bots have none."""
        human = seen.person >= 0
        return [np.where(human, self.number(kind, seen.codes[kind]), -1) for kind in TYPES if kind in seen.codes]

    def same_line(self, seen: Sightings) -> I64:
        """Pairs of items that stand on one line: each with the first one there."""
        columns = self.on_line(seen)
        first = np.full(len(seen.person), -1, dtype=np.int64)
        pairs = []
        for column in columns:
            both = (first >= 0) & (column >= 0)
            pairs.append(np.column_stack([first[both], column[both]]))
            first = np.where(first >= 0, first, column)
        return np.concatenate(pairs)


def _records(sightings: list[Sightings], items: _Items) -> tuple[list[tuple[I64, I64]], list[list[I64]]]:
    """Lines with personal data as nodes: their ties to items; node, person and statement of each combination."""
    sources = [(seen, seen.profile) for seen in sightings if seen.profile is not None]
    first, ties, stated = items.count, [], []
    for seen, profile in sources:
        node = np.arange(first, first + len(seen.person), dtype=np.int64)
        first += len(seen.person)
        ties += [(node[column >= 0], column[column >= 0]) for column in items.on_line(seen)]
        mail, phone = (seen.codes.get(kind, np.full(len(node), -1)) for kind in ("email", "phone"))
        born = np.where(profile.born == UNKNOWN, -1, profile.born + (1 << 20))
        stated.append((node, seen.person, profile.given, profile.family, profile.home, profile.area, born, mail, phone))
    node, person, given, family, home, area, born, mail, phone = (
        np.concatenate(column) for column in zip(*stated, strict=True)
    )
    combinations = (
        (given, family, born),
        (given, family, home),
        (given, family, area),
        (given, mail),
        (given, phone),
        (given, home, born),
    )
    return ties, [[node, person, *columns] for columns in combinations]


def _same_statement(columns: list[I64]) -> I64:
    """Chains of record nodes that state the same, where only one person states it."""
    node, person, *stated = columns
    full: Bool = np.logical_and.reduce([column >= 0 for column in stated])
    node, person, stated = node[full], person[full], [column[full] for column in stated]
    order = np.lexsort(stated)
    node, person, stated = node[order], person[order], [column[order] for column in stated]
    starts = np.r_[True, np.logical_or.reduce([column[1:] != column[:-1] for column in stated])][: len(node)]
    group = np.cumsum(starts) - 1
    several = np.zeros(int(group.max(initial=-1)) + 1, dtype=np.bool_)
    np.logical_or.at(several, group[1:], ~starts[1:] & (person[1:] != person[:-1]))
    tied = ~starts[1:] & ~several[group[1:]]
    return np.column_stack([node[:-1][tied], node[1:][tied]])


def _measured(label: I64, person: I64) -> Ceiling:
    stride = int(label.max()) + 1
    cells, cell_sizes = np.unique(person * stride + label, return_counts=True)
    owned = np.bincount(person)
    of_person = owned[cells // stride]
    possible = float((owned * (owned - 1) / 2).sum())
    pairwise = float((cell_sizes * (cell_sizes - 1) / 2).sum()) / possible if possible else 1.0
    bcubed = float((cell_sizes**2 / of_person).sum()) / len(person)
    return Ceiling(
        items=len(person),
        people=int((owned > 0).sum()),
        pairwise_recall=pairwise,
        pairwise_f1=2 * pairwise / (1 + pairwise),
        bcubed_recall=bcubed,
        bcubed_f1=2 * bcubed / (1 + bcubed),
    )
