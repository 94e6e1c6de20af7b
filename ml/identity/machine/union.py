"""Components of people, and what unites two of them.

Members of a component are linked in a list as well, so that it can be taken apart. A second union-find, the core,
follows certain links only.
"""

from __future__ import annotations

import numpy as np

from ml.identity.jit import kernel
from ml.identity.machine.state import (
    ANCHOR,
    BECAUSE_OF_LINK,
    CAUSE,
    CORE,
    FLUSH,
    FROZEN_AT,
    GUESSES,
    HEAD,
    HELD,
    INSTANT,
    N_SEGMENTS,
    N_TOUCHED,
    NEVER,
    NEXT,
    NODE_COLUMNS,
    PARENT,
    PROBABLE,
    RULED,
    SIZE,
    TAIL,
    TOUCHED,
    VIA,
    WALKED,
    WHY,
    Ints,
    Number,
    State,
    World,
)


@kernel
def root_of(node: Ints, column: Number, place: Number) -> Number:
    n = np.int64(place)
    while node[n, column] != n:
        node[n, column] = node[node[n, column], column]
        n = np.int64(node[n, column])
    return n


@kernel
def alone(w: World, s: State, n: Number) -> None:
    """Make the node a component of its own."""
    row = s.node[n]
    row[PARENT] = row[CORE] = row[HEAD] = row[TAIL] = row[ANCHOR] = n
    row[NEXT], row[SIZE], row[GUESSES], row[FROZEN_AT] = -1, 1, 0, NEVER
    row[RULED] = w.bans_from[n + 1] > w.bans_from[n]
    row[HELD:] = 0
    if w.limited[n] >= 0:
        row[HELD + w.limited[n]] = 1


@kernel
def touch(s: State, n: Number, via: Number) -> None:
    """Have the node's belief looked at when the instant ends."""
    if s.mark[n, TOUCHED] != s.tally[INSTANT]:
        s.mark[n, TOUCHED] = s.tally[INSTANT]
        s.mark[n, WHY] = BECAUSE_OF_LINK
        s.mark[n, CAUSE] = -1
        s.touched[s.tally[N_TOUCHED]] = n
        s.tally[N_TOUCHED] += 1
    s.mark[n, VIA] = via


@kernel
def touch_moved(s: State) -> None:
    """Touch the nodes of every list that changed its anchor.

    Lists nest: a later one holds an earlier one whole or not at all. Latest first, each node is walked once.
    """
    s.tally[FLUSH] += 1
    for position in range(s.tally[N_SEGMENTS] - 1, -1, -1):
        n, tail, via = np.int64(s.segments[position, 0]), s.segments[position, 1], np.int64(s.segments[position, 2])
        if s.mark[n, WALKED] == s.tally[FLUSH]:
            continue
        while True:
            s.mark[n, WALKED] = s.tally[FLUSH]
            touch(s, n, via)
            if n == tail:
                break
            n = np.int64(s.node[n, NEXT])
    s.tally[N_SEGMENTS] = 0


@kernel
def _touch_all(s: State, root: Number, via: Number) -> None:
    n = np.int64(s.node[root, HEAD])
    while n >= 0:
        touch(s, n, via)
        n = np.int64(s.node[n, NEXT])


@kernel
def merge(w: World, s: State, first: Number, second: Number, link: Number) -> None:
    """Unite two roots: the older anchor names both, its list comes first, the larger side is the root."""
    node = s.node
    older, newer = first, second
    if w.age[node[second, ANCHOR]] < w.age[node[first, ANCHOR]]:
        older, newer = second, first
    segment = s.segments[s.tally[N_SEGMENTS]]
    segment[0], segment[1], segment[2] = node[newer, HEAD], node[newer, TAIL], link
    s.tally[N_SEGMENTS] += 1
    node[node[older, TAIL], NEXT] = node[newer, HEAD]
    head, tail, anchor = node[older, HEAD], node[newer, TAIL], node[older, ANCHOR]
    big, small = older, newer
    if node[older, SIZE] < node[newer, SIZE]:
        big, small = newer, older
    node[small, PARENT] = big
    node[big, HEAD], node[big, TAIL], node[big, ANCHOR] = head, tail, anchor
    node[big, SIZE] += node[small, SIZE]
    node[big, GUESSES] += node[small, GUESSES] + (w.tier[link] == PROBABLE)
    node[big, FROZEN_AT] = min(node[big, FROZEN_AT], node[small, FROZEN_AT])
    node[big, RULED] += node[small, RULED]
    for kind in range(HELD, NODE_COLUMNS):
        node[big, kind] += node[small, kind]


@kernel
def make_certain(w: World, s: State, link: Number) -> None:
    """Follow an accepted certain link in the core."""
    first, second = root_of(s.node, CORE, w.a[link]), root_of(s.node, CORE, w.b[link])
    if first == second:
        return
    s.node[max(first, second), CORE] = min(first, second)
    root = root_of(s.node, PARENT, w.a[link])
    if s.node[root, GUESSES] > 0:
        _touch_all(s, root, link)
