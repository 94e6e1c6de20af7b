"""Distinct people: one for each tuple of values that rules and placements read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.expression import variables_in
from serving.live import LiveSnapshot
from serving.person import Person, person_of
from serving.placement import expressions_of
from serving.snapshot.records import ProfileRecord
from serving.snapshot.stored_profile import decode_profile
from serving.uplift import GAIN, LOW, SEPARATOR, advised_actions, feature_names
from serving.variables import VARIABLES
from serving.visit import variables_used

Key = tuple[object, ...]
_GAINS = (f"{GAIN}{SEPARATOR}", f"{LOW}{SEPARATOR}")


@dataclass
class Kind:
    """People who cannot be told apart by any rule: one of them, and all their customer ids."""

    person: Person
    customers: list[str]


def kinds_of_people(live: LiveSnapshot, names: Sequence[str], *, only_changed: bool = False) -> list[Kind]:
    """Everybody of a snapshot, or whoever has changed since its data file was written, and a stranger, grouped by
    segment, consent and the values of `names`."""
    found: dict[Key, Kind] = {}
    signs = frozenset() if _reads_gains(live) else frozenset(name for name in names if name.startswith(_GAINS))
    rows = live.reader.changed("profile") if only_changed else live.reader.stream("profile")
    for value in (value for _, value in rows if value):
        profile = decode_profile(value)
        person = person_of(profile)
        key = _key(profile, person, names, signs)
        kind = found.get(key)
        if kind is None:
            found[key] = Kind(person, [profile.customer_id])
        else:
            kind.customers.append(profile.customer_id)
    return [Kind(Person(None, "", frozenset()), []), *found.values()]


def guard_names(live: LiveSnapshot) -> list[str]:
    """Profile variables that allow and block rules read."""
    rules = (rule for policy in live.reader.policies for rule in policy.rules if rule.effect in ("allow", "block"))
    return sorted(_variables([rule.when for rule in rules]))


def profile_names(live: LiveSnapshot) -> list[str]:
    """Profile variables that some rule or placement reads."""
    expressions = [rule.when for policy in live.reader.policies for rule in policy.rules]
    expressions += [text for placement in live.placements.values() for _, text in expressions_of(placement)]
    named = _variables(expressions)
    if live.weighted:
        named.add("return_order_rate")
    advice = feature_names(advised_actions(live.placements.values(), live.reader.policies))
    return sorted([*named, *advice])


def _variables(expressions: Sequence[str]) -> set[str]:
    return {name for text in expressions for name in variables_in(text) if VARIABLES[name].scope == "profile"}


def _reads_gains(live: LiveSnapshot) -> bool:
    """Whether some rule or placement asks how much an incentive earns, not only whether it does."""
    return not variables_used(live.reader.policies, live.placements.values()).isdisjoint((GAIN, LOW))


def _key(profile: ProfileRecord, person: Person, names: Sequence[str], signs: frozenset[str]) -> Key:
    read = (profile.features.get(name, getattr(profile, name, None)) for name in names)
    told = (_sign(value) if name in signs else value for name, value in zip(names, read, strict=True))
    return profile.segment_id, tuple(sorted(person.granted)), tuple(told)


def _sign(value: object) -> bool | None:
    """Nearly everybody's gain is a number of their own; who is given what depends on whether it is above 0."""
    return value > 0 if isinstance(value, int | float) else None
