"""Whether actions were shown as often as their logged propensities say: overall, by bin, and within every slice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from scipy.stats import f as fisher
from scipy.stats import norm
from scipy.stats import t as student

from ml.offpolicy.intervals import by_person, freedom_of, skewness_of
from ml.offpolicy.traffic import Bools, Floats, Ints, Labels, LoggedTraffic

# One log in a thousand is accused wrongly, however many cells are compared.
FALSE_ALARMS = 0.001
# Smaller deviations do not matter to a value that is judged to two percent; the mean weight has the same bound.
TOLERATED = 0.05
# Cells in which an approximation says nothing.
_LEAST_COUNT, _LEAST_PEOPLE = 25.0, 50
_BINS, _MOST_LABELS = 10, 60
# Of later exposures: repeated so often, an answer is kept and not drawn anew.
_KEPT = 0.9
WHOLE, BIN, ANY = "all exposures", "propensity bin", "any action"


class Cell(NamedTuple):
    """One action in one slice: shown so often, expected so often by the logged propensities, and how unlikely that is.

    Where the log tells whole rows, both count exposures that showed the action. Where it tells only the propensity of
    what was shown, `shown` is the sum of 1/propensity and `expected` the exposures that could have shown it. `z` is a
    normal quantile, corrected for the skewness of what few people contribute.
    """

    attribute: str
    label: str
    action: str
    exposures: int
    shown: float
    expected: float
    z: float

    @property
    def ratio(self) -> float:
        """Shown over expected."""
        return self.shown / self.expected


class Slice(NamedTuple):
    """All cells of an attribute together: p of their deviations, and their size as a share, chance taken off."""

    attribute: str
    p: float
    deviation: float
    cells: tuple[Cell, ...]


def drawn_once(traffic: LoggedTraffic) -> LoggedTraffic:
    """The first exposure of each person where people keep what they drew, else all.

    What is repeated is no draw: it tells nothing more of chance, and how often somebody comes back may follow from what
    they saw. Of 1,500 sticky people the exposures are worth 1,100 of them; each one's first is worth them all. First
    draws are unbiased whatever is kept, so the choice accuses nobody.
    """
    _, first = np.unique(traffic.unit, return_index=True)
    later = np.ones(len(traffic), dtype=np.bool_)
    later[first] = False
    own = first[traffic.unit]
    is_same = (traffic.action == traffic.action[own]) & (traffic.propensity == traffic.propensity[own])
    if not later.any() or float(is_same[later].mean()) < _KEPT:
        return traffic
    return traffic.only(~later)


def slices_compared(traffic: LoggedTraffic) -> list[Slice]:
    """Every attribute and pair of them, in the exposures whose whole rows are told and in the others.

    Args:
        traffic: exposures with sound propensities.
    """
    found: list[Slice] = []
    traffic = drawn_once(traffic)
    for rows, has_row in ((traffic.told, True), (~traffic.told, False)):
        if rows.any():
            part = traffic.only(np.asarray(rows, dtype=np.bool_))
            found += [_compared(part, name, labels, has_row=has_row) for name, labels in _attributes(part)]
            if has_row:
                found += [_binned(part, index) for index in range(len(part.actions))]
    return [one for one in found if one.cells]


def miscalibrated(slices: list[Slice]) -> list[Cell]:
    """The clearest cell of each attribute beyond chance and beyond what is tolerated, the most certain first.

    Attributes share the false alarms; half of each part is for single cells, half for all its cells together.
    """
    found = []
    for one in slices:
        part = FALSE_ALARMS / len(slices) / 2
        worst = max(one.cells, key=lambda cell: abs(cell.z))
        alone = 2 * norm.sf(abs(worst.z)) * len(one.cells) < part and abs(worst.ratio - 1.0) > TOLERATED
        if alone or (one.p < part and one.deviation > TOLERATED):
            found.append(worst)
    return sorted(found, key=lambda cell: -abs(cell.z))


def _attributes(part: LoggedTraffic) -> Iterator[tuple[str, Labels]]:
    yield WHOLE, np.full(len(part), "")
    sizes = {name: len(np.unique(labels)) for name, labels in part.slices.items()}
    for name, size in sizes.items():
        if size <= _MOST_LABELS:
            yield name, part.slices[name]
    # A bandit draws by cell: what one attribute alone has evened out shows in two.
    for one, other in combinations(sizes, 2):
        if min(sizes[one], sizes[other]) > 1 and sizes[one] * sizes[other] <= _MOST_LABELS:
            yield f"{one} and {other}", _both(part.slices[one], part.slices[other])


def _both(one: Labels, other: Labels) -> Labels:
    return np.asarray(np.char.add(np.char.add(one, " / "), other), dtype=np.str_)


def _compared(part: LoggedTraffic, attribute: str, labels: Labels, *, has_row: bool) -> Slice:
    names, code = np.unique(labels, return_inverse=True)
    tables = _tables(part, has_row=has_row)
    if not has_row and attribute == WHOLE:
        tables.append(_added(tables))
    places = _places(code, len(names))
    found = [
        _cell(part.unit, rows, (attribute, str(name), table.action), table)
        for table in tables
        for name, rows in zip(names, places, strict=True)
    ]
    return _together(attribute, found, part.unit, is_joint=has_row)


def _binned(part: LoggedTraffic, index: int) -> Slice:
    """One action by tenths of its logged propensity."""
    share = part.logged[:, index]
    edges = np.unique(np.quantile(share, np.linspace(0, 1, _BINS + 1)))
    names = [f"{low:.3f} to {high:.3f}" for low, high in pairwise(edges)] or [f"{edges[0]:.3f}"]
    code = np.clip(np.searchsorted(edges, share, side="right") - 1, 0, len(names) - 1)
    table = _tables(part, has_row=True)[index]
    places = zip(names, _places(code, len(names)), strict=True)
    found = [_cell(part.unit, rows, (BIN, name, table.action), table) for name, rows in places]
    return _together(BIN, found, part.unit, is_joint=False)


def _places(code: Ints, cells: int) -> list[Ints]:
    """Row numbers of each cell."""
    order = np.argsort(code, kind="stable")
    ends = np.bincount(code, minlength=cells).cumsum()
    return np.split(order, ends[:-1])


class _Table(NamedTuple):
    """By exposure: shown, expected, and a count of how much there is to learn from."""

    action: str
    shown: Floats
    expected: Floats
    weight: Floats


class _Found(NamedTuple):
    cell: Cell
    people: Ints
    residuals: Floats


def _tables(part: LoggedTraffic, *, has_row: bool) -> list[_Table]:
    found = []
    for index, action in enumerate(part.actions):
        drawn = (part.action == index).astype(np.float64)
        if has_row:
            share = part.logged[:, index]
            found.append(_Table(action, drawn, share, share * (1.0 - share)))
        else:
            found.append(_Table(action, drawn / part.propensity, part.open[:, index].astype(np.float64), drawn))
    return found


def _added(tables: list[_Table]) -> _Table:
    """All actions as one: where each is a little off, together they tell."""
    sums = [np.sum(values, axis=0) for values in zip(*(one[1:] for one in tables), strict=True)]
    return _Table(ANY, sums[0], sums[1], sums[2])


def _cell(unit: Ints, rows: Ints, told: tuple[str, str, str], table: _Table) -> _Found | None:
    """A cell with the residual of each of its people, or None where there is too little of it."""
    expected = float(table.expected[rows].sum())
    if float(table.weight[rows].sum()) < _LEAST_COUNT or expected <= 0:
        return None
    people, place = np.unique(unit[rows], return_inverse=True)
    if len(people) < _LEAST_PEOPLE:
        return None
    own = by_person((table.shown - table.expected)[rows], place)
    cell = Cell(*told, len(rows), float(table.shown[rows].sum()), expected, normal_score(own))
    return _Found(cell, people, own)


def _together(attribute: str, found: list[_Found | None], unit: Ints, *, is_joint: bool) -> Slice:
    kept = [one for one in found if one is not None]
    p = _joint(kept, int(unit.max()) + 1) if is_joint else 1.0
    return Slice(attribute, p, _deviation(kept), tuple(one.cell for one in kept))


def normal_score(residuals: Floats) -> float:
    """A sum over its standard error, as the normal quantile that is as unlikely.

    Hall's transformation takes the skewness off, Student's distribution with Satterthwaite's degrees of freedom the
    uncertainty of the error: 1/propensity is so skewed that plain quotients accuse one sound log in ten.
    """
    scale = float(np.sqrt((residuals**2).sum()))
    if scale == 0:
        return 0.0
    t, skew = float(residuals.sum()) / scale, skewness_of(residuals)
    straight = t + skew * t**2 / 3.0 + skew**2 * t**3 / 27.0 + skew / 6.0
    tail = float(student.logsf(abs(straight), freedom_of(residuals)))
    return float(np.copysign(norm.isf(np.exp(max(tail, -700.0))), straight))


def _joint(found: list[_Found], people: int) -> float:
    """Hotelling's test of all cells together; 1 where there are too few people for so many cells."""
    if not found or people < 20 * len(found):
        return 1.0
    table = np.zeros((people, len(found)))
    for column, one in enumerate(found):
        table[one.people, column] = one.residuals
    squares, total = table.T @ table, table.sum(axis=0)
    values = np.linalg.eigvalsh(squares)
    rank = int((values > values.max(initial=0.0) * 1e-8).sum())
    if rank == 0:
        return 1.0
    squared = float(total @ np.linalg.pinv(squares, rcond=1e-8, hermitian=True) @ total)
    return float(fisher.sf(squared * (people - rank) / (people * rank), rank, people - rank))


def _deviation(found: list[_Found]) -> float:
    """Root mean square of shown over expected less 1, weighted by what was expected, less what chance brings."""
    if not found:
        return 0.0
    excess = sum((float(r.sum()) ** 2 - float((r**2).sum())) / cell.expected for cell, _, r in found)
    return float(np.sqrt(max(excess, 0.0) / sum(cell.expected for cell, _, _ in found)))


def sound_rows(traffic: LoggedTraffic) -> Bools:
    """Exposures whose propensity is above 0 and at most 1."""
    return np.asarray((traffic.propensity > 0) & (traffic.propensity <= 1.0), dtype=np.bool_)
