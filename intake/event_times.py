"""When an event happened and when it arrived, with the source's clock put right where the contract says how."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.contract import SourceContract
from intake.expressions import column_of, raw
from intake.reasons import Reasons
from intake.values import Mask, Moments, Whole, as_moments

ORIGINAL = "original_occurred_at"
"""The property that keeps what the source said."""

_MICROS_PER_HOUR = 3_600_000_000


class EventTimes(NamedTuple):
    """UTC stamps, where `occurred_at` was put right, and there what the source said, as JSON text."""

    occurred_at: pa.Array
    received_at: pa.Array
    corrected: Mask
    original: pa.Array


def event_times(heads: pa.Table, contract: SourceContract, now: datetime, reasons: Reasons) -> EventTimes:
    """Read the times of each row; what is no timestamp is marked in `reasons`."""
    stated = _moments(raw(heads, contract.columns["occurred_at"]), contract)
    reasons.mark(stated.bad, "invalid_timestamp:occurred_at")
    occurred = _put_back(contract, stated)
    received = _received(heads, contract, occurred, now, reasons)
    if contract.clock is not None and contract.clock.sent_at is not None:
        occurred = _by_sending(heads, contract.clock.sent_at, contract, occurred, received, reasons)
    corrected = stated.valid & (occurred != stated.micros)
    return EventTimes(
        _stamps(occurred, stated.valid), _stamps(received, stated.valid), corrected, _quoted(stated.micros, corrected)
    )


def _put_back(contract: SourceContract, stated: Moments) -> Whole:
    if contract.clock is None or contract.clock.hours_ahead is None:
        return stated.micros
    return stated.micros - round(contract.clock.hours_ahead * _MICROS_PER_HOUR)


def _received(heads: pa.Table, contract: SourceContract, occurred: Whole, now: datetime, reasons: Reasons) -> Whole:
    arrival = contract.arrival
    if arrival.clock:
        return np.full(heads.num_rows, int(pa.scalar(now, pa.timestamp("us", tz="UTC")).cast(pa.int64()).as_py()))
    if arrival.column is not None:
        stated = _moments(column_of(heads, arrival.column), contract)
        reasons.mark(stated.bad, "invalid_timestamp:received_at")
        return np.where(stated.valid, stated.micros, occurred)
    delay = arrival.delay.total_seconds() if arrival.delay else 0.0
    return occurred + round(delay * 1_000_000)


def _by_sending(
    heads: pa.Table, column: str, contract: SourceContract, occurred: Whole, received: Whole, reasons: Reasons
) -> Whole:
    """The sender's clock was wrong by what lies between sending and arrival; rows that do not say stay as they are."""
    sent = _moments(column_of(heads, column), contract)
    reasons.mark(sent.bad, "invalid_timestamp:sent_at")
    arrived = _moments(column_of(heads, contract.arrival.column or ""), contract).valid
    return np.where(sent.valid & arrived, received - (sent.micros - occurred), occurred)


def _moments(array: pa.Array, contract: SourceContract) -> Moments:
    return as_moments(array, zone=contract.time_zone, unit=contract.time_unit, pattern=contract.time_format)


def _stamps(micros: Whole, valid: Mask) -> pa.Array:
    return pa.array(micros, mask=~valid).cast(pa.timestamp("us", tz="UTC"))


def _quoted(micros: Whole, given: Mask) -> pa.Array:
    if not given.any():
        return pa.nulls(len(micros), pa.string())
    words = pc.strftime(_stamps(micros, given).cast(pa.timestamp("ms", tz="UTC"), safe=False), "%Y-%m-%dT%H:%M:%SZ")
    return pc.binary_join_element_wise('"', words, '"', "")
