"""Events one after the other, and what each instant changed in the beliefs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ml.identity.jit import fitting, kernel
from ml.identity.machine.judging import apply
from ml.identity.machine.rebuilding import part, rebuild
from ml.identity.machine.state import (
    ACTIVE,
    ANCHOR,
    ARRIVE,
    BAN,
    BECAUSE_OF_CANNOT,
    BECAUSE_OF_CERTAIN,
    BECAUSE_OF_LINK,
    BECAUSE_OF_STATUS,
    BECAUSE_OF_VETO,
    CANNOT,
    CAUSE,
    CERTAIN,
    CLAIMED,
    CONTESTED,
    CORE,
    CURSOR,
    FROZEN_AT,
    GUESSES,
    HINT,
    INSTANT,
    LINK,
    LOG_ANCHOR,
    LOG_AT,
    LOG_CAUSE,
    LOG_NODE,
    LOG_TIER,
    LOG_VIA,
    LOG_WHY,
    N_LOG,
    N_TOUCHED,
    NEVER,
    NOBODY,
    NOBODY_YET,
    NODE_COLUMNS,
    NOW,
    PARENT,
    PROBABLE,
    REASON,
    REASON_OF,
    SHARED,
    SIZE,
    STATUS,
    STATUS_CHANGE,
    TIER_WAS,
    VIA,
    WAS,
    WHY,
    Ints,
    Longs,
    Number,
    Outcome,
    State,
    Stream,
    World,
)
from ml.identity.machine.union import alone, root_of, touch, touch_moved


def run(world: World, stream: Stream, hints: npt.NDArray[np.bool_]) -> Outcome:
    """Take all events in their order."""
    nodes, links = len(world.age), len(world.a)
    state = State(
        node=np.zeros((nodes, NODE_COLUMNS), dtype=np.int32),
        mark=np.zeros((nodes, 8), dtype=np.int32),
        tally=np.zeros(13, dtype=np.int64),
        verdict=np.zeros(links, dtype=np.int8),
        before=np.zeros(links, dtype=np.int8),
        seen=np.zeros(links, dtype=np.int32),
        touched=np.empty(nodes, dtype=np.int32),
        segments=np.empty((nodes, 3), dtype=np.int32),
        basket=np.empty(nodes, dtype=np.int32),
        cut=np.full(len(world.ban_with), -1, dtype=np.int64),
    )
    state.node[hints, STATUS] = HINT
    steps = len(stream.at)
    log = fitting(_play, steps)(world, state, stream, np.empty((max(1024, nodes), 7), dtype=np.int64))
    anchor, frozen = fitting(_people, steps)(state)
    return Outcome(state.verdict, log, state.cut, anchor, frozen)


@kernel
def _take(w: World, s: State, kind: Number, item: Number, value: Number) -> Number:
    """One event; returns why the components of its nodes have to be rebuilt, or -1."""
    if kind == STATUS_CHANGE:
        s.node[item, STATUS] = value
    if kind in (ARRIVE, STATUS_CHANGE):
        touch(s, item, np.int64(-1))
        if s.node[root_of(s.node, PARENT, item), SIZE] > 1:
            return BECAUSE_OF_STATUS
    if kind == LINK:
        s.tally[CURSOR] = item
        if w.lifts[item]:
            return BECAUSE_OF_LINK
        if apply(w, s, item) == CONTESTED:
            return BECAUSE_OF_CERTAIN
    return -1


@kernel
def _take_ban(w: World, s: State, a: Number, ban: Number) -> Number:
    """A new ban parts two nodes of one component where it can; returns as `_take` does."""
    root = root_of(s.node, PARENT, a)
    if w.ban_end[ban] <= s.tally[NOW] or root != root_of(s.node, PARENT, np.int64(w.ban_with[ban])):
        return -1
    if w.ban_kind[ban] == CANNOT:
        return BECAUSE_OF_CANNOT
    return BECAUSE_OF_VETO if s.node[root, GUESSES] > 0 else -1


@kernel
def _belief(s: State, n: Number) -> tuple[Number, Number]:
    """Person and tier of a node now."""
    if s.node[n, STATUS] == SHARED:
        return CLAIMED, 0
    if s.node[n, STATUS] != ACTIVE:
        return NOBODY, 0
    anchor = s.node[root_of(s.node, PARENT, n), ANCHOR]
    certain = root_of(s.node, CORE, n) == root_of(s.node, CORE, anchor)
    return np.int64(anchor), CERTAIN if certain else PROBABLE


@kernel
def _settle(s: State, log: Longs) -> Longs:
    """Record what the instant changed; beliefs that came and went inside it are not kept."""
    touch_moved(s)
    if s.tally[N_LOG] + s.tally[N_TOUCHED] > len(log):
        longer = np.empty((2 * len(log) + s.tally[N_TOUCHED], log.shape[1]), dtype=np.int64)
        longer[: len(log)] = log
        log = longer
    for n in s.touched[: s.tally[N_TOUCHED]]:
        anchor, tier = _belief(s, n)
        mark = s.mark[n]
        if anchor == mark[WAS] and tier == mark[TIER_WAS]:
            continue
        mark[WAS], mark[TIER_WAS] = anchor, tier
        row = log[s.tally[N_LOG]]
        row[LOG_NODE], row[LOG_ANCHOR], row[LOG_TIER], row[LOG_AT] = n, anchor, tier, s.tally[NOW]
        row[LOG_VIA], row[LOG_WHY], row[LOG_CAUSE] = mark[VIA], mark[WHY], mark[CAUSE]
        s.tally[N_LOG] += 1
    s.tally[N_TOUCHED] = 0
    return log


@kernel
def _play(w: World, s: State, stream: Stream, log: Longs) -> Longs:
    for n in range(len(w.age)):
        alone(w, s, np.int64(n))
        s.mark[n, WAS] = NOBODY_YET
    s.tally[CURSOR] = -1
    s.tally[INSTANT] = 1
    for event in range(len(stream.at)):
        if event > 0 and stream.at[event] != s.tally[NOW]:
            log = _settle(s, log)
            s.tally[INSTANT] += 1
        s.tally[NOW] = stream.at[event]
        kind, item = stream.kind[event], stream.item[event]
        a, b = item, item
        if kind == BAN:
            a, item = item >> 32, item & 0xFFFFFFFF
            b, why = np.int64(w.ban_with[item]), _take_ban(w, s, a, item)
        else:
            why = _take(w, s, kind, item, stream.value[event])
        if why < 0:
            continue
        if kind == LINK:
            a, b = np.int64(w.a[item]), np.int64(w.b[item])
        s.tally[REASON], s.tally[REASON_OF] = why, item
        if why == BECAUSE_OF_CANNOT:
            s.cut[item] = part(w, s, a, b)
        else:
            rebuild(w, s, np.array([a, b], dtype=np.int64))
    return _settle(s, log)[: s.tally[N_LOG]]


@kernel
def _people(s: State) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Anchor of each node, and whether its component is frozen."""
    anchor = np.empty(len(s.node), dtype=np.int32)
    frozen = np.zeros(len(s.node), dtype=np.bool_)
    for n in range(len(s.node)):
        root = root_of(s.node, PARENT, n)
        anchor[n], frozen[n] = s.node[root, ANCHOR], s.node[root, FROZEN_AT] < NEVER
    return anchor, frozen
