"""Components taken apart and joined again, where what held them together no longer does."""

from __future__ import annotations

import numpy as np

from ml.identity.jit import kernel
from ml.identity.machine.judging import apply, is_lifted
from ml.identity.machine.state import (
    CANNOT,
    CAUSE,
    CHOICE,
    CHOSEN,
    CONTESTED,
    CURSOR,
    HEAD,
    KNOWN,
    LIFTED_A,
    LIFTED_B,
    MERGED,
    NEXT,
    NOT_TOGETHER,
    NOW,
    PARENT,
    REASON,
    REASON_OF,
    REBUILD,
    WHY,
    Longs,
    Number,
    State,
    World,
)
from ml.identity.machine.union import alone, root_of, touch, touch_moved


@kernel
def _choose(s: State, seeds: Longs) -> Number:
    """Put all members of the seeds' components into the basket; returns how many they are."""
    s.tally[CHOICE] += 1
    chosen = 0
    for seed in seeds:
        if s.mark[seed, CHOSEN] == s.tally[CHOICE]:
            continue
        n = s.node[root_of(s.node, PARENT, seed), HEAD]
        while n >= 0:
            s.mark[n, CHOSEN] = s.tally[CHOICE]
            s.basket[chosen] = n
            chosen += 1
            n = s.node[n, NEXT]
    return chosen


@kernel
def _is_ruled(w: World, s: State, chosen: Number) -> bool:
    """Whether a cannot-link about a chosen node is in force."""
    for n in s.basket[:chosen]:
        for ban in range(w.bans_from[n], w.bans_from[n + 1]):
            in_force = w.ban_start[ban] <= s.tally[NOW] < w.ban_end[ban] and not is_lifted(w, s, n, ban)
            if in_force and w.ban_kind[ban] == CANNOT:
                return True
    return False


@kernel
def _links_to_retry(w: World, s: State, chosen: Number) -> Longs:
    """Links of the chosen nodes that have arrived, in the order in which to try them again.

    Certain before probable, each in order of arrival. Where a cannot-link has to be kept, what holds now comes before
    what was refused, and strong before weak: so the weakest link of a chain is the one that is cut.
    """
    ruled, total = _is_ruled(w, s, chosen), 0
    for n in s.basket[:chosen]:
        total += w.links_from[n + 1] - w.links_from[n]
    keys = np.empty(total, dtype=np.int64)
    found = 0
    for n in s.basket[:chosen]:
        for place in range(w.links_from[n], w.links_from[n + 1]):
            link = np.int64(w.links_of[place])
            if link > s.tally[CURSOR]:
                break
            if w.a[link] != n and s.mark[w.a[link], CHOSEN] == s.tally[CHOICE]:
                continue
            if s.seen[link] != s.tally[REBUILD]:
                s.seen[link] = s.tally[REBUILD]
                s.before[link] = s.verdict[link]
            key = np.int64(w.tier[link]) << 58
            if ruled and s.before[link] != MERGED and s.before[link] != KNOWN:
                key |= np.int64(1) << 57
            elif ruled:
                key |= np.int64(w.strength[link]) << 40
            keys[found] = key | link
            found += 1
    return np.sort(keys[:found]) & ((np.int64(1) << 40) - 1)


@kernel
def _release(w: World, s: State, chosen: Number) -> None:
    for n in s.basket[:chosen]:
        alone(w, s, np.int64(n))
        touch(s, np.int64(n), np.int64(-1))
        s.mark[n, WHY], s.mark[n, CAUSE] = s.tally[REASON], s.tally[REASON_OF]


@kernel
def rebuild(w: World, s: State, seeds: Longs) -> Number:
    """Take the components of the seeds apart and join their links again.

    A certain link that only guesses elsewhere stand against widens the choice to where those are, and all starts
    again: the choice grows each time, so this ends. Returns the first link that held before and is now forbidden.
    """
    s.tally[REBUILD] += 1
    while True:
        touch_moved(s)
        chosen = _choose(s, seeds)
        links = _links_to_retry(w, s, chosen)
        _release(w, s, chosen)
        contested, cut = np.int64(-1), np.int64(-1)
        for link in links:
            verdict = apply(w, s, link)
            if verdict == CONTESTED:
                contested = link
                break
            if cut < 0 and verdict == NOT_TOGETHER and (s.before[link] == MERGED or s.before[link] == KNOWN):
                cut = link
        if contested < 0:
            return cut
        seeds = np.empty(chosen + 2, dtype=np.int64)
        seeds[:chosen] = s.basket[:chosen]
        seeds[chosen], seeds[chosen + 1] = w.a[contested], w.b[contested]


@kernel
def part(w: World, s: State, a: Number, b: Number) -> Number:
    """Keep two nodes of one component apart; returns the link that is cut, or -1.

    Where a manual link alone had brought them together, joining the others again gives what was before it. Else the
    cut goes through the weakest link.
    """
    s.tally[LIFTED_A], s.tally[LIFTED_B] = a, b
    rebuild(w, s, np.array([a, b], dtype=np.int64))
    s.tally[LIFTED_A], s.tally[LIFTED_B] = 0, 0
    if root_of(s.node, PARENT, a) != root_of(s.node, PARENT, b):
        return np.int64(-1)
    return rebuild(w, s, np.array([a, b], dtype=np.int64))
