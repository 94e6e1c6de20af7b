"""Moments as the warehouse has them."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(moment: datetime) -> datetime:
    """An aware moment as naive UTC.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"as_of {moment.isoformat()} has no time zone; write it with one, e.g. +00:00")
    return moment.astimezone(UTC).replace(tzinfo=None)
