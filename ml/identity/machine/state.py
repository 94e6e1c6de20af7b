"""What the machine reads, keeps and says: numbered nodes, links and bans, and the columns of its arrays."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

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
WAITING, MERGED, KNOWN, SELF, WEAK, UNUSABLE, NOT_TOGETHER, VETOED, FROZEN, EXCLUSIVE, TOO_MANY, CONTESTED = range(12)
BECAUSE_OF_LINK, BECAUSE_OF_STATUS, BECAUSE_OF_VETO, BECAUSE_OF_CANNOT, BECAUSE_OF_CERTAIN = range(5)

# Columns of `State.node`. From SIZE on (but STATUS) they are read at the root of a component.
PARENT, NEXT, CORE, STATUS, SIZE, HEAD, TAIL, ANCHOR, GUESSES, FROZEN_AT, RULED, HELD = range(12)
NODE_COLUMNS: Final = HELD + len(LIMITED)
# Columns of `State.mark`: the belief last recorded, why it may change, and stamps.
WAS, TIER_WAS, VIA, WHY, CAUSE, TOUCHED, WALKED, CHOSEN = range(8)
# Entries of `State.tally`.
INSTANT, N_TOUCHED, N_SEGMENTS, FLUSH, NOW, N_LOG, CHOICE, CURSOR, REBUILD, REASON, REASON_OF = range(11)
LIFTED_A, LIFTED_B = 11, 12
LOG_NODE, LOG_ANCHOR, LOG_TIER, LOG_AT, LOG_VIA, LOG_WHY, LOG_CAUSE = range(7)
NEVER: Final = 2**31 - 1


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
