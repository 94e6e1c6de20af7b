"""Conditions over an event's fields as functions, sorted by event type so that most need not be asked."""

from __future__ import annotations

from collections.abc import Callable

from serving.session.feature import Conditions, Test
from serving.session.fields import FIELDS, SCALE, Event, getter

Predicate = Callable[[Event], bool]


def event_types(when: Conditions) -> frozenset[str] | None:
    """Event types the conditions can hold for; None when any type can."""
    if not when or any("event_type" not in tests or not tests["event_type"].one_of for tests in when):
        return None
    return frozenset(word for tests in when for word in tests["event_type"].one_of)


def predicate_for(when: Conditions, event_type: str | None) -> Predicate | None:
    """What is left to ask of an event of this type; None when nothing is.

    Args:
        when: alternatives, of which one has to hold; empty holds always.
        event_type: known type of the event, or None for one that no alternative names.
    """
    left = []
    for tests in when:
        typed = tests.get("event_type")
        if typed is not None and typed.one_of:
            if event_type not in typed.one_of:
                continue
            tests = {field: test for field, test in tests.items() if field != "event_type"}
        if not tests:
            return None
        left.append(_every([_test(field, test) for field, test in tests.items()]))
    if not when:
        return None
    return left[0] if len(left) == 1 else lambda event: any(alternative(event) for alternative in left)


def _every(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    return lambda event: all(part(event) for part in parts)


def _test(field: str, test: Test) -> Predicate:
    read = getter(field, as_number=test.is_numeric)
    scale = SCALE if FIELDS.get(field) == "decimal" else 1
    if test.one_of:
        words = frozenset(test.one_of)
        return lambda event: read(event) in words
    if test.contains:
        parts = test.contains
        return lambda event: (text := read(event)) is not None and any(part in text for part in parts)
    if test.present:
        return lambda event: read(event) is not None
    least = test.at_least * scale if test.at_least is not None else (test.more_than or 0) * scale + 1
    return lambda event: (number := read(event)) is not None and number >= least
