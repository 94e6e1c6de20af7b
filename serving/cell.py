"""One cell of a decision table: what it offers when only some of the actions are permitted, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

from serving.placement import OTHER_INCENTIVES, PRICE_INCENTIVES, Action, Placement
from serving.question import Blocked
from serving.scoring import rescored
from serving.snapshot.records import DecisionRow, ProfileRecord

_INCENTIVES_FIRST = "Another incentive promises nearly as much without lowering prices."
# Which actions are permitted comes of a few rules, so few sets of them come again and again.
_MEMO_ENTRIES = 1_000


class Offer(NamedTuple):
    """Actions of a cell that may be chosen, best first, their names, and those that another incentive goes before."""

    actions: tuple[Action, ...]
    names: tuple[str, ...]
    blocked: tuple[Blocked, ...]


class Cell:
    """Rows for one placement, segment and context.

    Args:
        placement: whose actions are scored.
        rows: best first.
        is_weighted: whether they are scored anew for each person.
    """

    def __init__(self, placement: Placement, rows: Sequence[DecisionRow], *, is_weighted: bool) -> None:
        self._placement = placement
        self._rows = rows
        self._is_weighted = is_weighted
        self._memo: dict[tuple[str, ...], Offer] = {}

    def offer(self, permitted: Mapping[str, Action], profile: ProfileRecord | None) -> Offer:
        """What may be chosen of the permitted actions, by name in the order of the file, for a person."""
        if self._is_weighted:
            return self._of(rescored(self._placement, self._among(permitted), permitted, profile), permitted)
        key = tuple(permitted)
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= _MEMO_ENTRIES:
                self._memo.clear()
            found = self._memo[key] = self._of(self._among(permitted), permitted)
        return found

    def _among(self, permitted: Mapping[str, Action]) -> list[DecisionRow]:
        return [row for row in self._rows if row.action in permitted]

    def _of(self, rows: Sequence[DecisionRow], permitted: Mapping[str, Action]) -> Offer:
        """A price cut must promise more than the best incentive that leaves prices alone."""
        others = [row.score for row in rows if permitted[row.action].incentive.kind in OTHER_INCENTIVES]
        needed = max(others) + abs(max(others)) * self._placement.price_advantage if others else -inf
        names: list[str] = []
        blocked: list[Blocked] = []
        for row in rows:
            if row.score < needed and permitted[row.action].incentive.kind in PRICE_INCENTIVES:
                blocked.append(Blocked(row.action, _INCENTIVES_FIRST, "incentives_before_price"))
            else:
                names.append(row.action)
        return Offer(tuple(permitted[name] for name in names), tuple(names), tuple(blocked))
