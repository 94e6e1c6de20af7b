"""Finding out that something pays otherwise than it used to, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from ml.bandit.layout import Layout
from ml.bandit.signal import Signal

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Chance of a false alarm in one look at one experiment, over all scopes and blocks. Looks are hourly but see nearly the
# same days, so they are far from independent.
FALSE_ALARM = 5e-3
# Once something is known to have changed, other things are likelier to have changed in the same hours: a place around
# it need only be as unlikely as this to be taken whole.
WIDER = 0.03
WIDER_BLOCKS = 2
# What was seen before a change keeps so much of its weight: enough to know the size of things.
KEPT = 0.02


class Change(NamedTuple):
    """Units (a mask, shape (U,)) that pay otherwise in the last `blocks` blocks, and how unlikely chance makes that."""

    units: Flags
    blocks: int
    p_value: float


class Scopes(NamedTuple):
    """Units that may change together, zeros and ones by scope, shape (scopes, U).

    Attributes:
        summed: an arm in a place, which changes as one.
        each: all arms of a place, each in its own direction.
    """

    summed: Floats
    each: Floats

    @property
    def places(self) -> Scopes:
        """Places as one: for a signal that says how far a whole place is as it was learned."""
        return Scopes(self.each, self.each[:0])


def scopes(units: Layout) -> Scopes:
    """Every arm: alone, by segment, by context, by cell; and all arms at once in each of these places."""
    cells, arms = units.shape
    segment = np.repeat([cell.segment_id for cell in units.cells], arms)
    context = np.repeat([cell.context_bucket for cell in units.cells], arms)
    cell, arm = np.repeat(np.arange(cells), arms), np.tile(np.arange(arms), cells)
    places = list(_places(segment, context, cell))
    one_arm = [place & (arm == one) for place in places for one in range(arms)]
    return Scopes(*(np.unique(np.array(masks, dtype=np.float64), axis=0) for masks in (one_arm, places)))


def latest_change(among: Scopes, signal: Signal) -> Change | None:
    """The likeliest change, if chance makes it less likely than `FALSE_ALARM`; None otherwise.

    Generalised likelihood ratio of before and since each block (Siegmund and Venkatraman 1995); p-values by chi-square,
    Bonferroni over scopes and blocks.
    """
    if len(signal.parts[0]) < 2:
        return None
    together, told_together = signal.ratios(tuple(part @ among.summed.T for part in signal.parts))
    alone, told_alone = signal.ratios(signal.parts)
    ratio = np.hstack([together, alone @ among.each.T]) / signal.stretch
    degrees = np.hstack([told_together.astype(np.float64), told_alone @ among.each.T])
    p_values = chdtrc(np.maximum(degrees, 1.0), ratio)
    block, scope = np.unravel_index(int(np.argmin(p_values)), p_values.shape)
    least = float(p_values[block, scope])
    if least * p_values.size >= FALSE_ALARM:
        return None
    return Change(np.vstack([among.summed, among.each])[scope] > 0, int(block) + 1, least)


def widened(found: Change, among: Scopes, signals: list[Signal]) -> Change:
    """The widest place around a change in which the other units look changed since about the same block as well."""
    at = slice(max(found.blocks - 1 - WIDER_BLOCKS, 0), found.blocks + WIDER_BLOCKS)
    others = among.each * ~found.units
    around = (among.each @ found.units == found.units.sum()) & (others.sum(axis=1) > 0)
    unlikely = np.ones(len(around))
    for signal in signals:
        ratio, told = signal.ratios(signal.parts)
        p_values = chdtrc(np.maximum(told @ others.T, 1.0), ratio @ others.T / signal.stretch)
        unlikely = np.minimum(unlikely, p_values[at].min(axis=0))
    wider = np.flatnonzero(around & (unlikely < WIDER))
    if not wider.size:
        return found
    widest = wider[np.argmax(others[wider].sum(axis=1))]
    return found._replace(units=among.each[widest] > 0)


def forget(keep: Floats, change: Change) -> Floats:
    """Weights of blocks and units, shape (B, U), without what was before the change."""
    weaker = keep.copy()
    weaker[change.blocks :, change.units] = np.minimum(weaker[change.blocks :, change.units], KEPT)
    return weaker


def _places(*groupings: npt.NDArray[np.generic]) -> Iterator[Flags]:
    yield np.ones(groupings[0].size, dtype=bool)
    for grouping in groupings:
        for level in np.unique(grouping):
            yield grouping == level
