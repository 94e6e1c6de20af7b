"""The reducer: folds events into a session's state, adds sessions up, and reads the features of a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from serving.session.conditions import event_types
from serving.session.fields import Event
from serving.session.moment import scorer
from serving.session.plan import plan_of
from serving.session.readout import Reader, Values, readers
from serving.session.slots import Slot, slot_of
from serving.session.spec import Spec, shipped_spec

State = list[Any]
"""First and last event in microseconds since 1970, then one value a slot."""

STARTED, ENDED, FIRST_SLOT = 0, 1, 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND


class SessionReducer:
    """One specification, ready to fold. Reading at one moment the events of a session in any order gives one result."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._slots: list[Slot] = []
        places: dict[tuple[Any, ...], int] = {}
        at: dict[str, int] = {}
        for feature in spec.features:
            slot = slot_of(feature)
            if slot is None:
                continue
            if slot.key not in places:
                places[slot.key] = FIRST_SLOT + len(self._slots)
                self._slots.append(slot)
            at[feature.name] = places[slot.key]
        self._readers = readers(spec, at)
        self._needs = _needs(spec)
        self._score = scorer(spec)
        self._chosen: dict[frozenset[str] | None, list[tuple[str, Reader]]] = {}
        named = frozenset().union(*(event_types(slot.when) or () for slot in self._slots))
        self._plans = {name: plan_of(self._slots, FIRST_SLOT, name) for name in named}
        self._other = plan_of(self._slots, FIRST_SLOT, None)

    @property
    def shape(self) -> str:
        """Tells whether a stored state was folded by this specification."""
        return repr([slot.key for slot in self._slots])

    def start(self, at_us: int) -> State:
        """The state of a session before its first event at `at_us`."""
        return [at_us, at_us, *[None] * len(self._slots)]

    def fold(self, state: State, event: Event, at_us: int) -> None:
        """Take one event in; the state is changed in place."""
        if at_us < state[STARTED]:
            state[STARTED] = at_us
        if at_us > state[ENDED]:
            state[ENDED] = at_us
        (self._plans.get(event["event_type"]) or self._other).run(state, event, at_us)

    def merge(self, states: Sequence[State]) -> State:
        """One session out of several, as if all their events were one's."""
        total = states[0]
        for other in states[1:]:
            both = [min(total[STARTED], other[STARTED]), max(total[ENDED], other[ENDED])]
            pairs = zip(self._slots, total[FIRST_SLOT:], other[FIRST_SLOT:], strict=True)
            total = [*both, *(slot.merge(a, b) for slot, a, b in pairs)]
        return total

    def read(self, state: State, at_us: int, names: frozenset[str] | None = None) -> Values:
        """Features at a moment, decimals in parts of 1/10,000; None = nothing is known of it.

        Args:
            state: of the session.
            at_us: the moment; one before the last event counts as that.
            names: features wanted, default all; what these are derived from comes along.
        """
        at_us = max(at_us, state[ENDED])
        values: Values = {}
        for name, read in self._readers_of(names):
            values[name] = read(state, at_us, values)
        return values

    def moment_score(self, values: Values) -> int:
        """The moment score, in parts of 1/10,000, out of features that `read` gave."""
        return self._score(values)

    @cached_property
    def score_needs(self) -> frozenset[str]:
        """Features the moment score is made of."""
        return frozenset(part.feature for part in self.spec.moment_score.points) | {"idle_seconds"}

    def _readers_of(self, names: frozenset[str] | None) -> list[tuple[str, Reader]]:
        chosen = self._chosen.get(names)
        if chosen is None:
            wanted = self._needs.keys() if names is None else names.union(*(self._needs[name] for name in names))
            chosen = self._chosen[names] = [pair for pair in self._readers.items() if pair[0] in wanted]
        return chosen


def _needs(spec: Spec) -> dict[str, frozenset[str]]:
    needs: dict[str, frozenset[str]] = {}
    for feature in spec.features:
        direct = {part if isinstance(part, str) else part.feature for part in feature.of}
        if feature.only_while is not None:
            direct.add(feature.only_while.feature)
        needs[feature.name] = frozenset(direct).union(*(needs[name] for name in direct))
    return needs


@lru_cache(maxsize=1)
def shipped_reducer() -> SessionReducer:
    """The reducer of the shipped specification."""
    return SessionReducer(shipped_spec())
