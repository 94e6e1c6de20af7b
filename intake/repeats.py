"""Finds events that say the same again within a window, whatever the order of their rows."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from intake.contract_faults import Repeats
from intake.values import Mask, Whole, as_text, flat, mask_of

Hashes = npt.NDArray[np.uint64]
NEVER_BY_DEFAULT = ("order_completed", "order_refunded", "consent_updated")
"""Two orders of the same thing in one minute are two orders."""

_SEPARATOR = "\x1f"


class RepeatFinder:
    """The contents and times of events, as numbers: 16 bytes each, so that ten million fit.

    An event is a repeat when one with the same content that counts lies at most the window before it. Of a burst the
    first by (`occurred_at`, event id) counts, so the order of the rows does not matter. Events of files before this
    one in the same command count already.
    """

    def __init__(self, repeats: Repeats) -> None:
        self.repeats = repeats
        self._window = round(repeats.window.total_seconds() * 1_000_000)
        self._contents: list[Hashes] = []
        self._times: list[Whole] = []
        self._ids: list[pa.Array] = []
        self._counted: list[tuple[Hashes, Whole]] = []

    def add(self, events: pa.Table) -> None:
        """Remember accepted events."""
        mine = self._may_repeat(events)
        if not mine.any():
            return
        events = events.filter(pa.array(mine))
        self._contents.append(_contents(events, self.repeats.by))
        self._times.append(_micros(events))
        self._ids.append(flat(events.column("event_id")))

    def repeated(self) -> pa.Array:
        """Event ids of the repeats among what was added; the others count from now on, and the next file begins."""
        if not self._ids:
            return pa.array([], pa.string())
        contents, times = np.concatenate(self._contents), np.concatenate(self._times)
        ids = pa.concat_arrays(self._ids)
        again = self._again(contents, times, ids)
        self._counted.append((contents[~again], times[~again]))
        self._contents, self._times, self._ids = [], [], []
        return ids.filter(pa.array(again))

    def _may_repeat(self, events: pa.Table) -> Mask:
        types = flat(events.column("event_type"))
        named = self.repeats.event_types
        mine = mask_of(pc.is_in(types, value_set=pa.array(named or NEVER_BY_DEFAULT)))
        known = mask_of(pc.greater(pc.list_value_length(flat(events.column("identifiers"))), 0))
        return (mine if named else ~mine) & known

    def _again(self, contents: Hashes, times: Whole, ids: pa.Array) -> Mask:
        before = [part[0] for part in self._counted]
        keys = np.concatenate([*before, contents])
        moments = np.concatenate([*(part[1] for part in self._counted), times])
        ranks = np.concatenate([np.full(len(keys) - len(times), -1), _ranks(ids)])
        order = np.lexsort((ranks, moments, keys))
        close = (np.diff(keys[order]) == 0) & (np.diff(moments[order]) <= self._window)
        again = np.zeros(len(keys), dtype=bool)
        for start, end in _runs(close):
            run = order[start:end]
            again[run] = _within(moments[run], ranks[run] < 0, self._window)
        return again[len(keys) - len(times) :]


def _contents(events: pa.Table, names: tuple[str, ...]) -> Hashes:
    lists = flat(events.column("identifiers"))
    values = pc.struct_field(lists.flatten(), "value")
    offsets = pc.subtract(lists.offsets, lists.offsets[0])
    people = pc.binary_join(pa.ListArray.from_arrays(offsets, values), _SEPARATOR)
    parts = [flat(events.column("event_type")), *(as_text(flat(events.column(name))) for name in names)]
    joined = pc.binary_join_element_wise(people, *(pc.fill_null(part, "") for part in parts), _SEPARATOR)
    return pd.util.hash_array(joined.to_numpy(zero_copy_only=False), categorize=False)


def _micros(events: pa.Table) -> Whole:
    return np.asarray(flat(events.column("occurred_at").cast(pa.int64())).to_numpy(zero_copy_only=False))


def _ranks(ids: pa.Array) -> Whole:
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[pc.sort_indices(ids).to_numpy()] = np.arange(len(ids))
    return ranks


def _runs(close: Mask) -> list[tuple[int, int]]:
    """[start, end) of every run of rows of which each lies close to the next."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], close, [False]]).astype(np.int8)))
    return [(int(start), int(end) + 1) for start, end in edges.reshape(-1, 2)]


def _within(moments: Whole, counted: Mask, window: int) -> Mask:
    """Which of a run in order of time lie within the window of one that counts; `counted` ones always do."""
    again = np.zeros(len(moments), dtype=bool)
    known = moments[counted]
    last: int | None = None
    for place, moment in enumerate(moments.tolist()):
        if counted[place]:
            last = moment
            continue
        near = len(known) and int(np.abs(known - moment).min()) <= window
        again[place] = near or (last is not None and moment - last <= window)
        last = last if again[place] else moment
    return again


def window_of(repeats: Repeats | None, kind: str, seconds: float) -> Repeats | None:
    """The contract's own rule, else the project's window for web and mobile sources; None where it is off."""
    if repeats is None and kind in ("web", "mobile") and seconds:
        repeats = Repeats(window=timedelta(seconds=seconds))
    return repeats if repeats and repeats.window else None
