"""Judges mapped events: what may enter the lake, and why the rest may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.event import EventType
from intake.lengths import mark_long_fields
from intake.reasons import Reasons
from intake.values import Whole, is_valid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Bounds:
    """What intake accepts: the oldest event, now, and the clock skew that is forgiven."""

    earliest: datetime
    now: datetime
    tolerance_seconds: int

    @property
    def latest_micros(self) -> int:
        """The last microsecond that is not the future."""
        return micros(self.now) + self.tolerance_seconds * 1_000_000


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def validate(
    events: pa.Table, reasons: Reasons, vocabulary: Mapping[str, EventType], required: tuple[str, ...], bounds: Bounds
) -> pa.Table:
    """Mark every event that cannot be accepted, and clamp small clock skew so that occurred_at <= received_at."""
    mark_long_fields(events, reasons)
    for field in required:
        reasons.mark(~is_valid(events.column(field).combine_chunks()), f"missing_field:{field}")
    _mark_types(events, reasons, vocabulary)
    reasons.mark(~is_valid(events.column("event_id").combine_chunks()), "missing_field:event_id")
    return _settle_times(events, reasons, bounds)


def _mark_types(events: pa.Table, reasons: Reasons, vocabulary: Mapping[str, EventType]) -> None:
    words = events.column("event_type").combine_chunks().dictionary_encode()
    names = words.dictionary.to_pylist()
    codes = pc.fill_null(words.indices, len(names)).to_numpy(zero_copy_only=False)
    reasons.mark(codes == len(names), "missing_field:event_type")
    for code, name in enumerate(names):
        mine = codes == code
        if name not in vocabulary:
            reasons.mark(mine, "unknown_event_type")
            continue
        for field in vocabulary[name].required:
            reasons.mark(mine & ~is_valid(events.column(field).combine_chunks()), f"missing_field:{field}")


def _settle_times(events: pa.Table, reasons: Reasons, bounds: Bounds) -> pa.Table:
    occurred, received = (_whole(events.column(name)) for name in ("occurred_at", "received_at"))
    known = is_valid(events.column("occurred_at").combine_chunks())
    reasons.mark(~known, "missing_field:occurred_at")
    reasons.mark(known & (occurred > bounds.latest_micros), "future_timestamp")
    reasons.mark(known & (occurred < micros(bounds.earliest)), "before_history")
    ahead = occurred - received
    reasons.mark(known & (ahead > bounds.tolerance_seconds * 1_000_000), "future_timestamp")
    skewed = known & (ahead > 0)
    if not skewed.any():
        return events
    clamped = pa.array(np.where(skewed, received, occurred), mask=~known).cast(pa.timestamp("us", tz="UTC"))
    return events.set_column(events.schema.get_field_index("occurred_at"), events.schema.field("occurred_at"), clamped)


def _whole(column: pa.ChunkedArray) -> Whole:
    numbers = pc.fill_null(column.combine_chunks().cast(pa.int64()), 0)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)
