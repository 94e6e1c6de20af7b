"""The state machine: evidence in order of arrival, people as they are believed after each instant.

People are components of a union-find whose members are also linked in a list, so that a component can be taken apart.
A second union-find, the core, follows certain links only. All kernels and the columns that they read are in this one
file, because kept machine code is renewed by file (see `ml.identity.jit`).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ml.identity.jit import fitting, kernel

Bytes = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Number: TypeAlias = int | np.signedinteger[Any]

# Kinds of event, in the order in which one instant takes them.
ARRIVE, STATUS_CHANGE, BAN, LINK = range(4)
MANUAL, CERTAIN, PROBABLE = range(3)
VETO, CANNOT = range(2)
ACTIVE, SHARED, BLOCKED, ERASED, HINT = range(5)
NOBODY_YET, NOBODY, CLAIMED = -3, -2, -1
LIMITED: Final = ("login", "loyalty_id", "email", "phone", "device_id")
VERDICTS: Final = (
    "waiting",
    "merged",
    "known",
    "self",
    "weak_pair",
    "unusable",
    "cannot_link",
    "vetoed",
    "frozen",
    "exclusive_conflict",
    "too_many_values",
    "contested",
)
_WAITING, MERGED, KNOWN, _SELF, _WEAK, _UNUSABLE, NOT_TOGETHER, _VETOED, _FROZEN, _EXCLUSIVE, _TOO_MANY, _CONTESTED = (
    range(12)
)
BECAUSE_OF_LINK, BECAUSE_OF_STATUS, BECAUSE_OF_VETO, BECAUSE_OF_CANNOT, BECAUSE_OF_CERTAIN = range(5)

# Columns of `State.node`. From SIZE on (but STATUS) they are read at the root of a component.
_PARENT, _NEXT, _CORE, _STATUS, _SIZE, _HEAD, _TAIL, _ANCHOR, _GUESSES, _FROZEN_AT, _RULED, _HELD = range(12)
_NODE_COLUMNS: Final = _HELD + len(LIMITED)
# Columns of `State.mark`: the belief last recorded, why it may change, and stamps.
_WAS, _TIER_WAS, _VIA, _WHY, _CAUSE, _TOUCHED, _WALKED, _CHOSEN = range(8)
# Entries of `State.tally`.
_INSTANT, _N_TOUCHED, _N_SEGMENTS, _FLUSH, _NOW, _N_LOG, _CHOICE, _CURSOR, _REBUILD, _REASON, _REASON_OF = range(11)
_LIFTED_A, _LIFTED_B = 11, 12
LOG_NODE, LOG_ANCHOR, LOG_TIER, LOG_AT, LOG_VIA, LOG_WHY, LOG_CAUSE = range(7)
_NEVER: Final = 2**31 - 1


class World(NamedTuple):
    """What the machine reads. Nodes, links and bans are numbered; links in the order (at, tier, -weight, edge key).

    Attributes:
        age: rank of each node by arrival and key; the oldest member names a component.
        arrived: µs.
        limited: position of the node's type in `LIMITED`, or -1.
        weak: whether the node is a browser, which attaches to people and clicks but never to another browser.
        limits: values one person may hold, by position in `LIMITED`; the first two for ever, the others in `window`.
        window: µs.
        a, b, at, tier: ends, arrival and tier of each link.
        strength: rank of each link within its tier, smaller is stronger.
        until: µs at which a manual link was replaced; the far future for all others.
        lifts: whether a manual link ends a ban of its pair.
        links_from, links_of: links of each node, ascending.
        bans_from, ban_with, ban_kind, ban_start, ban_end: bans of each node.
    """

    age: Ints
    arrived: Longs
    limited: Bytes
    weak: Bytes
    limits: Longs
    window: int
    a: Ints
    b: Ints
    at: Longs
    tier: Bytes
    strength: Ints
    until: Longs
    lifts: Bytes
    links_from: Longs
    links_of: Ints
    bans_from: Longs
    ban_with: Ints
    ban_kind: Bytes
    ban_start: Longs
    ban_end: Longs


class State(NamedTuple):
    """What the machine writes: components, marks, verdicts, and lists that are emptied with each instant."""

    node: Ints
    mark: Ints
    tally: Longs
    verdict: Bytes
    before: Bytes
    seen: Ints
    touched: Ints
    segments: Ints
    basket: Ints
    cut: Longs


class Stream(NamedTuple):
    """Events sorted by time and kind: the node, ban or link concerned, and a value (the new status)."""

    at: Longs
    kind: Bytes
    item: Longs
    value: Bytes


class Outcome(NamedTuple):
    """Verdict of each link, beliefs (columns LOG_*), the link cut by each ban, and the final people.

    `log` has a row whenever a node's person or tier changed: the anchor, or `CLAIMED` for a shared identifier, or
    `NOBODY`. `anchor` is the person of each node at the end, `frozen` whether that person is quarantined.
    """

    verdict: Bytes
    log: Longs
    cut: Longs
    anchor: Ints
    frozen: npt.NDArray[np.bool_]


def run(world: World, stream: Stream, hints: npt.NDArray[np.bool_]) -> Outcome:
    """Take all events in their order."""
    nodes, links = len(world.age), len(world.a)
    state = State(
        node=np.zeros((nodes, _NODE_COLUMNS), dtype=np.int32),
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
    state.node[hints, _STATUS] = HINT
    steps = len(stream.at)
    log = fitting(_play, steps)(world, state, stream, np.empty((max(1024, nodes), 7), dtype=np.int64))
    anchor, frozen = fitting(_people, steps)(state)
    return Outcome(state.verdict, log, state.cut, anchor, frozen)


@kernel
def _root(node: Ints, column: Number, place: Number) -> Number:
    n = np.int64(place)
    while node[n, column] != n:
        node[n, column] = node[node[n, column], column]
        n = np.int64(node[n, column])
    return n


@kernel
def _alone(w: World, s: State, n: Number) -> None:
    """Make the node a component of its own."""
    row = s.node[n]
    row[_PARENT] = row[_CORE] = row[_HEAD] = row[_TAIL] = row[_ANCHOR] = n
    row[_NEXT], row[_SIZE], row[_GUESSES], row[_FROZEN_AT] = -1, 1, 0, _NEVER
    row[_RULED] = w.bans_from[n + 1] > w.bans_from[n]
    row[_HELD:] = 0
    if w.limited[n] >= 0:
        row[_HELD + w.limited[n]] = 1


@kernel
def _touch(s: State, n: Number, via: Number) -> None:
    """Have the node's belief looked at when the instant ends."""
    if s.mark[n, _TOUCHED] != s.tally[_INSTANT]:
        s.mark[n, _TOUCHED] = s.tally[_INSTANT]
        s.mark[n, _WHY] = BECAUSE_OF_LINK
        s.mark[n, _CAUSE] = -1
        s.touched[s.tally[_N_TOUCHED]] = n
        s.tally[_N_TOUCHED] += 1
    s.mark[n, _VIA] = via


@kernel
def _touch_moved(s: State) -> None:
    """Touch the nodes of every list that changed its anchor.

    Lists nest: a later one holds an earlier one whole or not at all. Latest first, each node is walked once.
    """
    s.tally[_FLUSH] += 1
    for position in range(s.tally[_N_SEGMENTS] - 1, -1, -1):
        n, tail, via = np.int64(s.segments[position, 0]), s.segments[position, 1], np.int64(s.segments[position, 2])
        if s.mark[n, _WALKED] == s.tally[_FLUSH]:
            continue
        while True:
            s.mark[n, _WALKED] = s.tally[_FLUSH]
            _touch(s, n, via)
            if n == tail:
                break
            n = np.int64(s.node[n, _NEXT])
    s.tally[_N_SEGMENTS] = 0


@kernel
def _touch_all(s: State, root: Number, via: Number) -> None:
    n = np.int64(s.node[root, _HEAD])
    while n >= 0:
        _touch(s, n, via)
        n = np.int64(s.node[n, _NEXT])


@kernel
def _merge(w: World, s: State, first: Number, second: Number, link: Number) -> None:
    """Unite two roots: the older anchor names both, its list comes first, the larger side is the root."""
    node = s.node
    older, newer = first, second
    if w.age[node[second, _ANCHOR]] < w.age[node[first, _ANCHOR]]:
        older, newer = second, first
    segment = s.segments[s.tally[_N_SEGMENTS]]
    segment[0], segment[1], segment[2] = node[newer, _HEAD], node[newer, _TAIL], link
    s.tally[_N_SEGMENTS] += 1
    node[node[older, _TAIL], _NEXT] = node[newer, _HEAD]
    head, tail, anchor = node[older, _HEAD], node[newer, _TAIL], node[older, _ANCHOR]
    big, small = older, newer
    if node[older, _SIZE] < node[newer, _SIZE]:
        big, small = newer, older
    node[small, _PARENT] = big
    node[big, _HEAD], node[big, _TAIL], node[big, _ANCHOR] = head, tail, anchor
    node[big, _SIZE] += node[small, _SIZE]
    node[big, _GUESSES] += node[small, _GUESSES] + (w.tier[link] == PROBABLE)
    node[big, _FROZEN_AT] = min(node[big, _FROZEN_AT], node[small, _FROZEN_AT])
    node[big, _RULED] += node[small, _RULED]
    for kind in range(_HELD, _NODE_COLUMNS):
        node[big, kind] += node[small, kind]


@kernel
def _make_certain(w: World, s: State, link: Number) -> None:
    """Follow an accepted certain link in the core."""
    first, second = _root(s.node, _CORE, w.a[link]), _root(s.node, _CORE, w.b[link])
    if first == second:
        return
    s.node[max(first, second), _CORE] = min(first, second)
    root = _root(s.node, _PARENT, w.a[link])
    if s.node[root, _GUESSES] > 0:
        _touch_all(s, root, link)


@kernel
def _is_lifted(w: World, s: State, n: Number, ban: Number) -> bool:
    """Whether the ban is the cannot-link that `_part` leaves out for a moment."""
    one, other = s.tally[_LIFTED_A], s.tally[_LIFTED_B]
    its_pair = (n == one and w.ban_with[ban] == other) or (n == other and w.ban_with[ban] == one)
    return bool(its_pair and one != other and w.ban_kind[ban] == CANNOT)


@kernel
def _bar(w: World, s: State, first: Number, second: Number) -> Number:
    """The strictest ban in force between two components: `CANNOT`, `VETO`, or -1."""
    node, now, worst = s.node, s.tally[_NOW], -1
    if node[first, _RULED] == 0 or node[second, _RULED] == 0:
        return worst
    small, large = first, second
    if node[first, _SIZE] > node[second, _SIZE]:
        small, large = second, first
    n = node[small, _HEAD]
    while n >= 0:
        for ban in range(w.bans_from[n], w.bans_from[n + 1]):
            in_force = w.ban_start[ban] <= now < w.ban_end[ban] and not _is_lifted(w, s, n, ban)
            if in_force and w.ban_kind[ban] > worst and _root(node, _PARENT, w.ban_with[ban]) == large:
                worst = w.ban_kind[ban]
        n = node[n, _NEXT]
    return worst


@kernel
def _crowded(w: World, s: State, first: Number, second: Number, kind: Number) -> bool:
    """Whether some window would see more values of the type arrive than one person may hold."""
    arrivals = np.empty(s.node[first, _HELD + kind] + s.node[second, _HELD + kind], dtype=np.int64)
    found = 0
    for root in (first, second):
        n = s.node[root, _HEAD]
        while n >= 0:
            if w.limited[n] == kind:
                arrivals[found] = w.arrived[n]
                found += 1
            n = s.node[n, _NEXT]
    arrivals.sort()
    for position in range(found - w.limits[kind]):
        if arrivals[position + w.limits[kind]] - arrivals[position] < w.window:
            return True
    return False


@kernel
def _broken(w: World, s: State, first: Number, second: Number) -> Number:
    """The limited type of which the two components together hold too much, or -1."""
    for kind in range(len(w.limits)):
        one, other = s.node[first, _HELD + kind], s.node[second, _HELD + kind]
        over = one > 0 and other > 0 and one + other > w.limits[kind]
        if over and (kind < 2 or _crowded(w, s, first, second, kind)):
            return kind
    return -1


@kernel
def _freeze(w: World, s: State, link: Number) -> None:
    """Keep the side that holds more of the broken type, or the older one, in its last good state."""
    first, second = _root(s.node, _PARENT, w.a[link]), _root(s.node, _PARENT, w.b[link])
    kind = _HELD + _broken(w, s, first, second)
    more = s.node[first, kind] - s.node[second, kind]
    if more == 0:
        more = w.age[s.node[second, _ANCHOR]] - w.age[s.node[first, _ANCHOR]]
    full = first if more > 0 else second
    s.node[full, _FROZEN_AT] = min(s.node[full, _FROZEN_AT], link)


@kernel
def _judge_ends(w: World, s: State, link: Number) -> Number:
    """The verdict as far as the ends alone decide it, else `_WAITING`."""
    a, b = w.a[link], w.b[link]
    if a == b:
        return _SELF
    if s.node[a, _STATUS] != ACTIVE or s.node[b, _STATUS] != ACTIVE or w.until[link] <= s.tally[_NOW]:
        return _UNUSABLE
    if w.weak[a] and w.weak[b]:
        return _WEAK
    return _WAITING


@kernel
def _judge(w: World, s: State, link: Number) -> Number:
    verdict = _judge_ends(w, s, link)
    if verdict != _WAITING:
        return verdict
    first, second = _root(s.node, _PARENT, w.a[link]), _root(s.node, _PARENT, w.b[link])
    if first == second:
        return KNOWN
    bar, tier = _bar(w, s, first, second), w.tier[link]
    guessed = tier != PROBABLE and s.node[first, _GUESSES] + s.node[second, _GUESSES] > 0
    if bar == CANNOT:
        return NOT_TOGETHER
    if bar == VETO and guessed:
        return _CONTESTED
    if tier == MANUAL:
        return MERGED
    if link > s.node[first, _FROZEN_AT] or link > s.node[second, _FROZEN_AT]:
        return _FROZEN
    if bar == VETO and tier == PROBABLE:
        return _VETOED
    kind = _broken(w, s, first, second)
    if kind < 0:
        return MERGED
    if guessed:
        return _CONTESTED
    return _EXCLUSIVE if kind < 2 else _TOO_MANY


@kernel
def _apply(w: World, s: State, link: Number) -> Number:
    """Judge one link and do what follows; a contested one changes nothing yet."""
    verdict = _judge(w, s, link)
    s.verdict[link] = verdict
    if verdict == MERGED:
        _merge(w, s, _root(s.node, _PARENT, w.a[link]), _root(s.node, _PARENT, w.b[link]), link)
    if verdict in (MERGED, KNOWN) and w.tier[link] != PROBABLE:
        _make_certain(w, s, link)
    if verdict == _TOO_MANY and w.tier[link] == CERTAIN:
        _freeze(w, s, link)
    return verdict


@kernel
def _choose(s: State, seeds: Longs) -> Number:
    """Put all members of the seeds' components into the basket; returns how many they are."""
    s.tally[_CHOICE] += 1
    chosen = 0
    for seed in seeds:
        if s.mark[seed, _CHOSEN] == s.tally[_CHOICE]:
            continue
        n = s.node[_root(s.node, _PARENT, seed), _HEAD]
        while n >= 0:
            s.mark[n, _CHOSEN] = s.tally[_CHOICE]
            s.basket[chosen] = n
            chosen += 1
            n = s.node[n, _NEXT]
    return chosen


@kernel
def _is_ruled(w: World, s: State, chosen: Number) -> bool:
    """Whether a cannot-link about a chosen node is in force."""
    for n in s.basket[:chosen]:
        for ban in range(w.bans_from[n], w.bans_from[n + 1]):
            in_force = w.ban_start[ban] <= s.tally[_NOW] < w.ban_end[ban] and not _is_lifted(w, s, n, ban)
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
            if link > s.tally[_CURSOR]:
                break
            if w.a[link] != n and s.mark[w.a[link], _CHOSEN] == s.tally[_CHOICE]:
                continue
            if s.seen[link] != s.tally[_REBUILD]:
                s.seen[link] = s.tally[_REBUILD]
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
        _alone(w, s, np.int64(n))
        _touch(s, np.int64(n), np.int64(-1))
        s.mark[n, _WHY], s.mark[n, _CAUSE] = s.tally[_REASON], s.tally[_REASON_OF]


@kernel
def _rebuild(w: World, s: State, seeds: Longs) -> Number:
    """Take the components of the seeds apart and join their links again.

    A certain link that only guesses elsewhere stand against widens the choice to where those are, and all starts
    again: the choice grows each time, so this ends. Returns the first link that held before and is now forbidden.
    """
    s.tally[_REBUILD] += 1
    while True:
        _touch_moved(s)
        chosen = _choose(s, seeds)
        links = _links_to_retry(w, s, chosen)
        _release(w, s, chosen)
        contested, cut = np.int64(-1), np.int64(-1)
        for link in links:
            verdict = _apply(w, s, link)
            if verdict == _CONTESTED:
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
def _part(w: World, s: State, a: Number, b: Number) -> Number:
    """Keep two nodes of one component apart; returns the link that is cut, or -1.

    Where a manual link alone had brought them together, joining the others again gives what was before it. Else the
    cut goes through the weakest link.
    """
    s.tally[_LIFTED_A], s.tally[_LIFTED_B] = a, b
    _rebuild(w, s, np.array([a, b], dtype=np.int64))
    s.tally[_LIFTED_A], s.tally[_LIFTED_B] = 0, 0
    if _root(s.node, _PARENT, a) != _root(s.node, _PARENT, b):
        return np.int64(-1)
    return _rebuild(w, s, np.array([a, b], dtype=np.int64))


@kernel
def _take(w: World, s: State, kind: Number, item: Number, value: Number) -> Number:
    """One event; returns why the components of its nodes have to be rebuilt, or -1."""
    if kind == STATUS_CHANGE:
        s.node[item, _STATUS] = value
    if kind in (ARRIVE, STATUS_CHANGE):
        _touch(s, item, np.int64(-1))
        if s.node[_root(s.node, _PARENT, item), _SIZE] > 1:
            return BECAUSE_OF_STATUS
    if kind == LINK:
        s.tally[_CURSOR] = item
        if w.lifts[item]:
            return BECAUSE_OF_LINK
        if _apply(w, s, item) == _CONTESTED:
            return BECAUSE_OF_CERTAIN
    return -1


@kernel
def _take_ban(w: World, s: State, a: Number, ban: Number) -> Number:
    """A new ban parts two nodes of one component where it can; returns as `_take` does."""
    root = _root(s.node, _PARENT, a)
    if w.ban_end[ban] <= s.tally[_NOW] or root != _root(s.node, _PARENT, np.int64(w.ban_with[ban])):
        return -1
    if w.ban_kind[ban] == CANNOT:
        return BECAUSE_OF_CANNOT
    return BECAUSE_OF_VETO if s.node[root, _GUESSES] > 0 else -1


@kernel
def _belief(s: State, n: Number) -> tuple[Number, Number]:
    """Person and tier of a node now."""
    if s.node[n, _STATUS] == SHARED:
        return CLAIMED, 0
    if s.node[n, _STATUS] != ACTIVE:
        return NOBODY, 0
    anchor = s.node[_root(s.node, _PARENT, n), _ANCHOR]
    certain = _root(s.node, _CORE, n) == _root(s.node, _CORE, anchor)
    return np.int64(anchor), CERTAIN if certain else PROBABLE


@kernel
def _settle(s: State, log: Longs) -> Longs:
    """Record what the instant changed; beliefs that came and went inside it are not kept."""
    _touch_moved(s)
    if s.tally[_N_LOG] + s.tally[_N_TOUCHED] > len(log):
        longer = np.empty((2 * len(log) + s.tally[_N_TOUCHED], log.shape[1]), dtype=np.int64)
        longer[: len(log)] = log
        log = longer
    for n in s.touched[: s.tally[_N_TOUCHED]]:
        anchor, tier = _belief(s, n)
        mark = s.mark[n]
        if anchor == mark[_WAS] and tier == mark[_TIER_WAS]:
            continue
        mark[_WAS], mark[_TIER_WAS] = anchor, tier
        row = log[s.tally[_N_LOG]]
        row[LOG_NODE], row[LOG_ANCHOR], row[LOG_TIER], row[LOG_AT] = n, anchor, tier, s.tally[_NOW]
        row[LOG_VIA], row[LOG_WHY], row[LOG_CAUSE] = mark[_VIA], mark[_WHY], mark[_CAUSE]
        s.tally[_N_LOG] += 1
    s.tally[_N_TOUCHED] = 0
    return log


@kernel
def _play(w: World, s: State, stream: Stream, log: Longs) -> Longs:
    for n in range(len(w.age)):
        _alone(w, s, np.int64(n))
        s.mark[n, _WAS] = NOBODY_YET
    s.tally[_CURSOR] = -1
    s.tally[_INSTANT] = 1
    for event in range(len(stream.at)):
        if event > 0 and stream.at[event] != s.tally[_NOW]:
            log = _settle(s, log)
            s.tally[_INSTANT] += 1
        s.tally[_NOW] = stream.at[event]
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
        s.tally[_REASON], s.tally[_REASON_OF] = why, item
        if why == BECAUSE_OF_CANNOT:
            s.cut[item] = _part(w, s, a, b)
        else:
            _rebuild(w, s, np.array([a, b], dtype=np.int64))
    return _settle(s, log)[: s.tally[_N_LOG]]


@kernel
def _people(s: State) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Anchor of each node, and whether its component is frozen."""
    anchor = np.empty(len(s.node), dtype=np.int32)
    frozen = np.zeros(len(s.node), dtype=np.bool_)
    for n in range(len(s.node)):
        root = _root(s.node, _PARENT, n)
        anchor[n], frozen[n] = s.node[root, _ANCHOR], s.node[root, _FROZEN_AT] < _NEVER
    return anchor, frozen
