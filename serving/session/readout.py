"""What a session's state says at a moment: reductions read out, and features derived from them, in whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from serving.session.feature import Bound, Feature
from serving.session.fields import SCALE
from serving.session.slots import HALVINGS
from serving.session.spec import Spec

Values = dict[str, Any]
Reader = Callable[[list[Any], int, Values], Any]


def readers(spec: Spec, places: Mapping[str, int]) -> dict[str, Reader]:
    """One reader a feature, in order; `places` says where the state holds its slot."""
    return {f.name: _reduced(f, places.get(f.name, 0)) if f.reduce else _derived(f, spec) for f in spec.features}


def seconds_between(from_us: int, to_us: int) -> int:
    """Whole seconds, of times cut to milliseconds, as the batch does."""
    return max(0, to_us // 1_000 - from_us // 1_000) // 1_000


def _reduced(feature: Feature, place: int) -> Reader:
    kind = feature.reduce or ""
    if kind == "seconds_since_last":
        return _since(feature, place)
    if kind == "decayed_count":
        return _decayed(feature, place)
    return _PLAIN[kind](place)


_PLAIN: dict[str, Callable[[int], Reader]] = {
    "elapsed": lambda _: lambda state, at, _values: seconds_between(state[0], at),
    "count": lambda place: lambda state, _at, _values: state[place] or 0,
    "sum": lambda place: lambda state, _at, _values: state[place] or 0,
    "any": lambda place: lambda state, _at, _values: bool(state[place]),
    "min": lambda place: lambda state, _at, _values: state[place],
    "max": lambda place: lambda state, _at, _values: state[place],
    "first": lambda place: lambda state, _at, _values: None if state[place] is None else state[place][1],
    "last": lambda place: lambda state, _at, _values: None if state[place] is None else state[place][1],
    "distinct": lambda place: lambda state, _at, _values: len(state[place] or ()),
    "top": lambda place: lambda state, _at, _values: _top(state[place])[1],
    "top_count": lambda place: lambda state, _at, _values: _top(state[place])[0],
}


def _top(counts: dict[str, int] | None) -> tuple[int, str | None]:
    # Of keys seen equally often the last in alphabetic order counts, as `max` of (n, key) does in SQL.
    return max(((n, key) for key, n in counts.items())) if counts else (0, None)


def _since(feature: Feature, place: int) -> Reader:
    condition = feature.only_while

    def read(state: list[Any], at: int, values: Values) -> Any:
        if condition is not None and values[condition.feature] != condition.value:
            return 0
        return None if state[place] is None else seconds_between(state[place], at)

    return read


def _decayed(feature: Feature, place: int) -> Reader:
    half_life = feature.half_life_seconds or 1

    def read(state: list[Any], at: int, _values: Values) -> int:
        now = at // 1_000_000 // half_life
        held = (state[place] or {}).items()
        return sum(n * (SCALE >> (now - bucket)) for bucket, n in held if now - bucket < HALVINGS)

    return read


def _derived(feature: Feature, spec: Spec) -> Reader:
    if feature.derive == "all":
        return _all(feature)
    names = [str(part) for part in feature.of]
    if feature.derive == "difference":
        return lambda _state, _at, values: max(0, (values[names[0]] or 0) - (values[names[1]] or 0))
    if feature.derive == "ratio":
        parts = [SCALE if spec.by_name[name].type == "decimal" else 1 for name in names]
        return _ratio(names, feature.times * SCALE * parts[1], parts[0])
    scale = SCALE if spec.by_name[names[0]].type == "decimal" else 1
    return _band(feature, names[0], scale)


def _ratio(names: list[str], over: int, under: int) -> Reader:
    def read(_state: list[Any], _at: int, values: Values) -> int | None:
        top, bottom = values[names[0]] or 0, values[names[1]]
        return max(0, top) * over // (bottom * under) if bottom else None

    return read


def _all(feature: Feature) -> Reader:
    bounds = [part for part in feature.of if isinstance(part, Bound)]

    def read(_state: list[Any], _at: int, values: Values) -> bool:
        return all(_holds(bound, values[bound.feature]) for bound in bounds)

    return read


def _holds(bound: Bound, value: Any) -> bool:
    if value is None:
        return False
    return bool(value >= bound.at_least) if bound.at_least is not None else bool(value <= (bound.at_most or 0))


def _band(feature: Feature, name: str, scale: int) -> Reader:
    def read(_state: list[Any], _at: int, values: Values) -> str | None:
        value = values[name]
        return None if value is None else feature.names[sum(value >= bound * scale for bound in feature.bounds)]

    return read
