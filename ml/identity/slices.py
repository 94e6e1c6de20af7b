"""Whose a shared identifier was, day by day: it belongs to the people who claim it, and ties nobody."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ml.identity.jit import kernel

Longs = npt.NDArray[np.int64]
Number: TypeAlias = int | np.signedinteger[Any]
Doubles = npt.NDArray[np.float64]
SLICE_NODE, SLICE_ANCHOR, SLICE_TIER, SLICE_FROM, SLICE_TO, SLICE_SINCE, SLICE_UNTIL = range(7)
_CERTAIN: Final = 1


class Shared(NamedTuple):
    """Shared identifiers and what is needed to divide their days.

    Attributes:
        node: node numbers; `start` and `end`, µs between which each is shared; `first_day`, days since 1970.
        half_life: days after which a claim counts half; 0: the last claimer has it.
        claims_from: claims of shared identifier i are rows claims_from[i] to claims_from[i + 1], ordered by day, with
            `owner` (node), `rank` (of the owner: the smaller wins a tie), `day`, `at` (µs) and `observed`.
        beliefs_from: beliefs about node n are rows beliefs_from[n] to beliefs_from[n + 1], ordered by `belief_at`
            (µs), with `belief_anchor` (negative: nobody) and `belief_tier`.
        last_day, far: the open end of days and of µs.
    """

    node: Longs
    start: Longs
    end: Longs
    first_day: Longs
    half_life: Doubles
    claims_from: Longs
    owner: Longs
    rank: Longs
    day: Longs
    at: Longs
    observed: Longs
    beliefs_from: Longs
    belief_at: Longs
    belief_anchor: Longs
    belief_tier: Longs
    last_day: int
    far: int


@kernel
def divide(shared: Shared) -> tuple[Longs, Longs]:
    """Slices as they were believed, and who held the identifier last.

    Returns:
        Rows (SLICE_*): node, anchor, tier, first day, day after the last, known from and until (µs); and rows
        (node, anchor, µs) for every change of the last holder.
    """
    rows, holders = np.empty((1024, 7), dtype=np.int64), np.empty((256, 3), dtype=np.int64)
    n_rows: Number = 0
    n_holders = 0
    for i in range(len(shared.node)):
        n_open: Number = 0
        holder = np.int64(-1)
        for now in _instants(shared, i):
            slices = _slices(shared, i, now)
            while n_rows + n_open + len(slices) >= len(rows):
                rows = np.concatenate((rows, np.empty_like(rows)))
            if n_holders + 1 >= len(holders):
                holders = np.concatenate((holders, np.empty_like(holders)))
            n_rows, n_open = _replace(rows, n_rows, n_open, slices, now)
            if slices[-1, SLICE_ANCHOR] != holder:
                holder = slices[-1, SLICE_ANCHOR]
                holders[n_holders, 0], holders[n_holders, 1], holders[n_holders, 2] = shared.node[i], holder, now
                n_holders += 1
        rows[n_rows : n_rows + n_open, SLICE_UNTIL] = shared.end[i]
        n_rows += n_open
    return rows[:n_rows], holders[:n_holders]


@kernel
def _replace(rows: Longs, closed: Number, n_open: Number, slices: Longs, now: Number) -> tuple[Number, Number]:
    """Close the open rows (those after `closed`) that no longer hold and open the new ones."""
    old = rows[closed : closed + n_open].copy()
    for row in old:
        same = -1
        for position in range(len(slices)):
            if (slices[position, : SLICE_TO + 1] == row[: SLICE_TO + 1]).all():
                same = position
        if same >= 0:
            slices[same, SLICE_SINCE] = row[SLICE_SINCE]
        else:
            rows[closed] = row
            rows[closed, SLICE_UNTIL] = now
            closed += 1
    rows[closed : closed + len(slices)] = slices
    return closed, len(slices)


@kernel
def _instants(shared: Shared, i: Number) -> Longs:
    """When the division may change: at first, with every claim, with every belief about a claimer."""
    first, last = shared.claims_from[i], shared.claims_from[i + 1]
    owners = np.unique(shared.owner[first:last])
    total = 1 + last - first
    for owner in owners:
        total += shared.beliefs_from[owner + 1] - shared.beliefs_from[owner]
    found = np.empty(total, dtype=np.int64)
    found[0] = shared.start[i]
    n = 1
    for at in shared.at[first:last]:
        if shared.start[i] < at < shared.end[i]:
            found[n] = at
            n += 1
    for owner in owners:
        for at in shared.belief_at[shared.beliefs_from[owner] : shared.beliefs_from[owner + 1]]:
            if shared.start[i] < at < shared.end[i]:
                found[n] = at
                n += 1
    return np.unique(found[:n])


@kernel
def _belief_row(shared: Shared, node: Number, now: Number) -> Number:
    """The belief about a node at the end of instant `now`, or -1."""
    first, last = shared.beliefs_from[node], shared.beliefs_from[node + 1]
    return first - 1 + np.searchsorted(shared.belief_at[first:last], now, side="right") if last > first else -1


@kernel
def _slices(shared: Shared, i: Number, now: Number) -> Longs:
    """The division as believed at the end of instant `now`: rows SLICE_*."""
    first, last = shared.claims_from[i], shared.claims_from[i + 1]
    claims = np.empty(last - first, dtype=np.int64)
    beliefs = np.empty(last - first, dtype=np.int64)
    n = 0
    for claim in range(first, last):
        if shared.at[claim] > now:
            continue
        belief = _belief_row(shared, shared.owner[claim], now)
        if belief >= shared.beliefs_from[shared.owner[claim]] and shared.belief_anchor[belief] >= 0:
            claims[n], beliefs[n] = claim, belief
            n += 1
    slices = np.empty((n + 1, 7), dtype=np.int64)
    found = 0
    for winner in _winners(shared, i, claims[:n]):
        belief = beliefs[winner]
        anchor, tier = shared.belief_anchor[belief], shared.belief_tier[belief]
        day = shared.first_day[i] if found == 0 else max(shared.day[claims[winner]], shared.first_day[i])
        if found > 0 and slices[found - 1, SLICE_FROM] == day:
            found -= 1
        if found > 0 and slices[found - 1, SLICE_ANCHOR] == anchor and slices[found - 1, SLICE_TIER] == tier:
            continue
        slices[found, SLICE_ANCHOR], slices[found, SLICE_TIER], slices[found, SLICE_FROM] = anchor, tier, day
        found += 1
    if found == 0:
        slices[0, SLICE_ANCHOR], slices[0, SLICE_TIER] = shared.node[i], _CERTAIN
        slices[0, SLICE_FROM] = shared.first_day[i]
        found = 1
    slices = slices[:found]
    slices[:, SLICE_NODE], slices[:, SLICE_SINCE], slices[:, SLICE_UNTIL] = shared.node[i], now, shared.far
    slices[: found - 1, SLICE_TO] = slices[1:, SLICE_FROM]
    slices[found - 1, SLICE_TO] = shared.last_day
    return slices


@kernel
def _winners(shared: Shared, i: Number, claims: Longs) -> Longs:
    """For each day with a claim, the position in `claims` of a claim by the day's owner."""
    winners = np.empty(len(claims), dtype=np.int64)
    owners = np.unique(shared.rank[claims])
    weight, latest = np.zeros(len(owners)), np.full(len(owners), -1, dtype=np.int64)
    days, start, last_day = 0, 0, np.int64(0)
    while start < len(claims):
        day, stop = shared.day[claims[start]], start
        fading = 0.0 if shared.half_life[i] == 0.0 else 0.5 ** ((day - last_day) / shared.half_life[i])
        weight *= fading if days > 0 else 0.0
        while stop < len(claims) and shared.day[claims[stop]] == day:
            owner = np.searchsorted(owners, shared.rank[claims[stop]])
            weight[owner] += shared.observed[claims[stop]]
            latest[owner] = stop
            stop += 1
        winners[days] = _heaviest(weight, latest)
        days, start, last_day = days + 1, stop, day
    return winners[:days]


@kernel
def _heaviest(weight: Doubles, latest: Longs) -> Number:
    """The latest claim of the owner with most weight."""
    best = -1
    for owner in range(len(weight)):
        if latest[owner] >= 0 and weight[owner] > 0.0 and (best < 0 or weight[owner] > weight[best]):
            best = owner
    return np.int64(latest[best])
