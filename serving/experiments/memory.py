"""First draws as a visit tells them: what the live overlay knows, on its way into a decision and its log line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from serving.experiments.enrolment import Remembered, as_text, from_text
from serving.visit import Visit

ASSIGNED = "assigned:"
"""Prefix of a visit's keys that tell first draws since the snapshot, by `name/version`."""

_read = lru_cache(maxsize=4_096)(from_text)


def told(found: Mapping[str, Remembered]) -> dict[str, str]:
    """First draws as keys and values of a visit."""
    return {f"{ASSIGNED}{key}": as_text(one) for key, one in found.items()}


def told_in(visit: Visit | None, key: str) -> Remembered | None:
    """The first draw of one experiment that a visit tells."""
    text = None if visit is None else visit.get(f"{ASSIGNED}{key}")
    return _read(text) if isinstance(text, str) else None
