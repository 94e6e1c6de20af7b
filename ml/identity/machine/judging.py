"""Whether a link holds: bans, limits of what one person may hold, and what follows from the verdict."""

from __future__ import annotations

import numpy as np

from ml.identity.jit import kernel
from ml.identity.machine.state import (
    ACTIVE,
    ANCHOR,
    CANNOT,
    CERTAIN,
    CONTESTED,
    EXCLUSIVE,
    FROZEN,
    FROZEN_AT,
    GUESSES,
    HEAD,
    HELD,
    KNOWN,
    LIFTED_A,
    LIFTED_B,
    MANUAL,
    MERGED,
    NEXT,
    NOT_TOGETHER,
    NOW,
    PARENT,
    PROBABLE,
    RULED,
    SELF,
    SIZE,
    STATUS,
    TOO_MANY,
    UNUSABLE,
    VETO,
    VETOED,
    WAITING,
    WEAK,
    Number,
    State,
    World,
)
from ml.identity.machine.union import make_certain, merge, root_of


@kernel
def is_lifted(w: World, s: State, n: Number, ban: Number) -> bool:
    """Whether the ban is the cannot-link that `part` leaves out for a moment."""
    one, other = s.tally[LIFTED_A], s.tally[LIFTED_B]
    its_pair = (n == one and w.ban_with[ban] == other) or (n == other and w.ban_with[ban] == one)
    return bool(its_pair and one != other and w.ban_kind[ban] == CANNOT)


@kernel
def _bar(w: World, s: State, first: Number, second: Number) -> Number:
    """The strictest ban in force between two components: `CANNOT`, `VETO`, or -1."""
    node, now, worst = s.node, s.tally[NOW], -1
    if node[first, RULED] == 0 or node[second, RULED] == 0:
        return worst
    small, large = first, second
    if node[first, SIZE] > node[second, SIZE]:
        small, large = second, first
    n = node[small, HEAD]
    while n >= 0:
        for ban in range(w.bans_from[n], w.bans_from[n + 1]):
            in_force = w.ban_start[ban] <= now < w.ban_end[ban] and not is_lifted(w, s, n, ban)
            if in_force and w.ban_kind[ban] > worst and root_of(node, PARENT, w.ban_with[ban]) == large:
                worst = w.ban_kind[ban]
        n = node[n, NEXT]
    return worst


@kernel
def _crowded(w: World, s: State, first: Number, second: Number, kind: Number) -> bool:
    """Whether some window would see more values of the type arrive than one person may hold."""
    arrivals = np.empty(s.node[first, HELD + kind] + s.node[second, HELD + kind], dtype=np.int64)
    found = 0
    for root in (first, second):
        n = s.node[root, HEAD]
        while n >= 0:
            if w.limited[n] == kind:
                arrivals[found] = w.arrived[n]
                found += 1
            n = s.node[n, NEXT]
    arrivals.sort()
    for position in range(found - w.limits[kind]):
        if arrivals[position + w.limits[kind]] - arrivals[position] < w.window:
            return True
    return False


@kernel
def _broken(w: World, s: State, first: Number, second: Number) -> Number:
    """The limited type of which the two components together hold too much, or -1."""
    for kind in range(len(w.limits)):
        one, other = s.node[first, HELD + kind], s.node[second, HELD + kind]
        over = one > 0 and other > 0 and one + other > w.limits[kind]
        if over and (kind < 2 or _crowded(w, s, first, second, kind)):
            return kind
    return -1


@kernel
def _freeze(w: World, s: State, link: Number) -> None:
    """Keep the side that holds more of the broken type, or the older one, in its last good state."""
    first, second = root_of(s.node, PARENT, w.a[link]), root_of(s.node, PARENT, w.b[link])
    kind = HELD + _broken(w, s, first, second)
    more = s.node[first, kind] - s.node[second, kind]
    if more == 0:
        more = w.age[s.node[second, ANCHOR]] - w.age[s.node[first, ANCHOR]]
    full = first if more > 0 else second
    s.node[full, FROZEN_AT] = min(s.node[full, FROZEN_AT], link)


@kernel
def _judge_ends(w: World, s: State, link: Number) -> Number:
    """The verdict as far as the ends alone decide it, else `WAITING`."""
    a, b = w.a[link], w.b[link]
    if a == b:
        return SELF
    if s.node[a, STATUS] != ACTIVE or s.node[b, STATUS] != ACTIVE or w.until[link] <= s.tally[NOW]:
        return UNUSABLE
    if w.weak[a] and w.weak[b]:
        return WEAK
    return WAITING


@kernel
def _judge(w: World, s: State, link: Number) -> Number:
    verdict = _judge_ends(w, s, link)
    if verdict != WAITING:
        return verdict
    first, second = root_of(s.node, PARENT, w.a[link]), root_of(s.node, PARENT, w.b[link])
    if first == second:
        return KNOWN
    bar, tier = _bar(w, s, first, second), w.tier[link]
    guessed = tier != PROBABLE and s.node[first, GUESSES] + s.node[second, GUESSES] > 0
    if bar == CANNOT:
        return NOT_TOGETHER
    if bar == VETO and guessed:
        return CONTESTED
    if tier == MANUAL:
        return MERGED
    if link > s.node[first, FROZEN_AT] or link > s.node[second, FROZEN_AT]:
        return FROZEN
    if bar == VETO and tier == PROBABLE:
        return VETOED
    kind = _broken(w, s, first, second)
    if kind < 0:
        return MERGED
    if guessed:
        return CONTESTED
    return EXCLUSIVE if kind < 2 else TOO_MANY


@kernel
def apply(w: World, s: State, link: Number) -> Number:
    """Judge one link and do what follows; a contested one changes nothing yet."""
    verdict = _judge(w, s, link)
    s.verdict[link] = verdict
    if verdict == MERGED:
        merge(w, s, root_of(s.node, PARENT, w.a[link]), root_of(s.node, PARENT, w.b[link]), link)
    if verdict in (MERGED, KNOWN) and w.tier[link] != PROBABLE:
        make_certain(w, s, link)
    if verdict == TOO_MANY and w.tier[link] == CERTAIN:
        _freeze(w, s, link)
    return verdict
