"""Plain connectivity over keys: groups of evidence, without any rule."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.identity.jit import kernel

Keys = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]
_FREE: Final = -1


def components(a: Keys, b: Keys) -> tuple[Keys, Keys]:
    """Connected components of the graph with links a[i] to b[i].

    Args:
        a: keys, 0 or greater, shape (links,).
        b: keys of the other ends, same shape.

    Returns:
        Every key once in ascending order, and the smallest key of its component.

    Raises:
        ValueError: the lengths differ.
    """
    table, parent = _joined(a, b)
    used = np.flatnonzero(table != _FREE)
    smallest = _smallest(table, parent)
    order = used[np.argsort(table[used])]
    return table[order], smallest[order]


def affected(changed: Keys, a: Keys, b: Keys) -> Keys:
    """Sorted keys of everything that any link ties to a changed key, the changed keys included.

    Pass every kind of evidence as links: pairs, claims, vetoes, overrides. The groups found are closed, so resolving
    them alone gives what resolving everything would give for them.
    """
    table, parent = _joined(a, b)
    reached = table[_reached(np.ascontiguousarray(changed, dtype=np.int64), table, parent)]
    return np.union1d(reached, changed).astype(np.int64)


def _joined(a: Keys, b: Keys) -> tuple[Keys, Slots]:
    if len(a) != len(b):
        raise ValueError(f"links: {len(a)} first ends and {len(b)} second ends")
    first, second = np.ascontiguousarray(a, dtype=np.int64), np.ascontiguousarray(b, dtype=np.int64)
    size = 1 << max(10, int(len(a) - 1).bit_length())
    while True:
        table, parent = np.full(size, _FREE, dtype=np.int64), np.arange(size, dtype=np.int32)
        if _join(first, second, table, parent):
            return table, parent
        size *= 2


@kernel
def _slot(key: np.int64, table: Keys) -> int:
    """Where the key is or belongs: open addressing, one step at a time."""
    mask = len(table) - 1
    word = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    place = int(np.int64(word >> np.uint64(20)) & mask)
    while table[place] != _FREE and table[place] != key:
        place = (place + 1) & mask
    return place


@kernel
def _root(parent: Slots, place: int) -> int:
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = int(parent[place])
    return place


@kernel
def _join(a: Keys, b: Keys, table: Keys, parent: Slots) -> bool:
    """Unite the ends of every link; false when the table fills beyond three quarters."""
    room = len(table) // 4 * 3
    for link in range(len(a)):
        if room < 2:
            return False
        first = _slot(a[link], table)
        room -= table[first] == _FREE
        table[first] = a[link]
        second = _slot(b[link], table)
        room -= table[second] == _FREE
        table[second] = b[link]
        one, other = _root(parent, first), _root(parent, second)
        parent[max(one, other)] = min(one, other)
    return True


@kernel
def _smallest(table: Keys, parent: Slots) -> Keys:
    """The smallest key of each slot's component."""
    least = table.copy()
    for place in range(len(table)):
        root = _root(parent, place)
        if table[place] != _FREE and table[place] < least[root]:
            least[root] = table[place]
    for place in range(len(table)):
        least[place] = least[_root(parent, place)]
    return least


@kernel
def _reached(changed: Keys, table: Keys, parent: Slots) -> npt.NDArray[np.int64]:
    """Slots of everything in a component with a changed key."""
    wanted = np.zeros(len(table), dtype=np.bool_)
    for key in changed:
        place = _slot(key, table)
        if table[place] == key:
            wanted[_root(parent, place)] = True
    found = np.zeros(len(table), dtype=np.bool_)
    for place in range(len(table)):
        found[place] = table[place] != _FREE and wanted[_root(parent, place)]
    return np.flatnonzero(found)
