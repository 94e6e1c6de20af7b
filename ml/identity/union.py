"""Components that grow by accepted links and never break a rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ml.identity.schema import WEAK_TYPES

LIMITS = {"login": 1, "loyalty_id": 1, "email": 5, "phone": 5}


class Verdict(StrEnum):
    """What became of one link."""

    MERGED = "merged"
    KNOWN = "known"
    EXCLUSIVE = "exclusive_conflict"
    TOO_MANY = "too_many_values"
    SHARED = "shared"
    WEAK = "weak_pair"
    SELF = "self"

    @property
    def accepted(self) -> bool:
        """Whether the link holds its component together."""
        return self in (Verdict.MERGED, Verdict.KNOWN)

    @property
    def quarantined(self) -> bool:
        """Whether the link contradicts what is known and is put aside with a reason."""
        return self in (Verdict.EXCLUSIVE, Verdict.TOO_MANY, Verdict.SHARED)


@dataclass
class Component:
    """One person so far: member nodes, values held by limited type, the oldest node."""

    members: list[int]
    anchor: int
    held: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """The verdict on a link, and the nodes whose canonical id it changed."""

    verdict: Verdict
    moved: tuple[int, ...] = ()


class Components:
    """Constrained union-find over nodes 0 to n - 1.

    Args:
        types: identifier type of each node.
        age: rank of each node by first arrival; smaller is older. The oldest member names the component.
    """

    def __init__(self, types: list[str], age: list[int]) -> None:
        self._types = types
        self._age = age
        self._of = [self._single(node) for node in range(len(types))]

    def _single(self, node: int) -> Component:
        kind = self._types[node]
        return Component([node], node, {kind: 1} if kind in LIMITS else {})

    def anchor(self, node: int) -> int:
        """The oldest node of the component that holds `node`."""
        return self._of[node].anchor

    def is_weak(self, node: int) -> bool:
        """Whether the node attaches to people but never ties two of them together."""
        return self._types[node] in WEAK_TYPES

    def join(self, a: int, b: int) -> Link:
        """Apply one link; an unacceptable one changes nothing."""
        verdict = self._judge(a, b)
        if verdict is not Verdict.MERGED:
            return Link(verdict)
        return Link(verdict, tuple(self._merge(self._of[a], self._of[b])))

    def _judge(self, a: int, b: int) -> Verdict:
        if a == b:
            return Verdict.SELF
        if self.is_weak(a) and self.is_weak(b):
            return Verdict.WEAK
        first, second = self._of[a], self._of[b]
        if first is second:
            return Verdict.KNOWN
        if any(self.is_weak(node) and len(self._of[node].members) > 1 for node in (a, b)):
            return Verdict.SHARED
        return self._broken_limit(first, second)

    @staticmethod
    def _broken_limit(first: Component, second: Component) -> Verdict:
        over = [kind for kind in first.held if first.held[kind] + second.held.get(kind, 0) > LIMITS[kind]]
        if not over:
            return Verdict.MERGED
        return Verdict.EXCLUSIVE if any(LIMITS[kind] == 1 for kind in over) else Verdict.TOO_MANY

    def _merge(self, first: Component, second: Component) -> list[int]:
        older, newer = sorted((first, second), key=lambda component: self._age[component.anchor])
        moved = list(newer.members)
        anchor = older.anchor
        large, small = (older, newer) if len(older.members) >= len(newer.members) else (newer, older)
        for node in small.members:
            self._of[node] = large
        large.members.extend(small.members)
        for kind, count in small.held.items():
            large.held[kind] = large.held.get(kind, 0) + count
        large.anchor = anchor
        return moved
