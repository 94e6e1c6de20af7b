"""Slots of a session's state: how one reduction takes in an event, and how two sessions add up.

Every slot gives the same value for the same events in whatever order they come, so late arrivals and merged sessions
agree with the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from serving.session.feature import Conditions, Feature
from serving.session.fields import Event, getter

Fold = Callable[[Any, Event, int], Any]
Merge = Callable[[Any, Any], Any]

HALVINGS = 5
"""A decayed count forgets after this many half-lives: weights 1, 1/2, … 1/16 have four decimal places."""


@dataclass(frozen=True)
class Slot:
    """One place of the state; `key` tells which features can share it. An untouched slot holds None."""

    key: tuple[Any, ...]
    when: Conditions
    fold: Fold
    merge: Merge


def slot_of(feature: Feature) -> Slot | None:
    """The slot a feature needs; None for what is read off other features or the session's own times."""
    make = _MAKERS.get(feature.reduce or "")
    if make is None:
        return None
    kind, fold, merge = make(feature)
    bounds = (feature.at_most,) if kind == "keys" else (feature.half_life_seconds,)
    return Slot((kind, feature.value, repr(feature.when), bounds), feature.when, fold, merge)


Parts = tuple[str, Fold, Merge]


def _count(_: Feature) -> Parts:
    return "count", lambda held, _event, _at: (held or 0) + 1, lambda a, b: (a or 0) + (b or 0)


def _sum(feature: Feature) -> Parts:
    read = getter(feature.value or "", as_number=True)

    def fold(held: Any, event: Event, _: int) -> Any:
        value = read(event)
        return held if value is None else (held or 0) + value

    return "sum", fold, lambda a, b: (a or 0) + (b or 0)


def _extreme(feature: Feature) -> Parts:
    read, best = getter(feature.value or "", as_number=True), max if feature.reduce == "max" else min

    def fold(held: Any, event: Event, _: int) -> Any:
        value = read(event)
        return held if value is None else value if held is None else best(held, value)

    return feature.reduce or "", fold, _either(best)


def _timed(feature: Feature) -> Parts:
    read, best = getter(feature.value or "", as_number=False), max if feature.reduce == "last" else min

    def fold(held: Any, event: Event, at: int) -> Any:
        value = read(event)
        return held if value is None else best(held or [at, value], [at, value])

    return feature.reduce or "", fold, _either(best)


def _latest(_: Feature) -> Parts:
    return "latest", lambda held, _event, at: at if held is None or at > held else held, _either(max)


def _keys(feature: Feature) -> Parts:
    read, bound = getter(feature.value or "", as_number=False), feature.at_most

    def fold(held: Any, event: Event, _: int) -> Any:
        key = read(event)
        if key is None:
            return held
        if held is None:
            return {key: 1}
        held[key] = held.get(key, 0) + 1
        return held if len(held) <= bound else _bounded(held, bound)

    return "keys", fold, lambda a, b: _bounded(_added(a or {}, b or {}), bound)


def _decayed(feature: Feature) -> Parts:
    half_life = feature.half_life_seconds or 1

    def fold(held: Any, _event: Event, at: int) -> Any:
        bucket = at // 1_000_000 // half_life
        if held is None:
            return {bucket: 1}
        held[bucket] = held.get(bucket, 0) + 1
        return _recent(held) if len(held) > HALVINGS else held

    return "decayed", fold, lambda a, b: _recent(_added(a or {}, b or {}))


def _either(best: Callable[[Any, Any], Any]) -> Merge:
    return lambda a, b: b if a is None else a if b is None else best(a, b)


def _added(a: dict[Any, int], b: dict[Any, int]) -> dict[Any, int]:
    return {key: a.get(key, 0) + b.get(key, 0) for key in a.keys() | b.keys()}


def _bounded(counts: dict[Any, int], bound: int) -> dict[Any, int]:
    # The alphabetically first keys stay: one of them can never have been thrown out before, so its count is exact.
    if len(counts) > bound:
        del counts[max(counts)]
    return counts if len(counts) <= bound else {key: counts[key] for key in sorted(counts)[:bound]}


def _recent(buckets: dict[Any, int]) -> dict[Any, int]:
    oldest = max(buckets) - HALVINGS if buckets else 0
    return {bucket: n for bucket, n in buckets.items() if bucket > oldest}


_MAKERS: dict[str, Callable[[Feature], Parts]] = {
    "count": _count,
    "any": _count,
    "sum": _sum,
    "min": _extreme,
    "max": _extreme,
    "first": _timed,
    "last": _timed,
    "seconds_since_last": _latest,
    "distinct": _keys,
    "top": _keys,
    "top_count": _keys,
    "decayed_count": _decayed,
}
