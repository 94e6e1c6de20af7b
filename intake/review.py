"""What only the whole of a file can tell: repeats, refunds beyond their order, clocks in another time zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.contract import SourceContract
from intake.refunds import REFUND, RefundLedger
from intake.repeats import RepeatFinder
from intake.values import Mask, Whole, flat, mask_of


@dataclass(frozen=True)
class Verdict:
    """Accepted events that are none after all, and the source rows they were made of.

    Attributes:
        repeated: event ids of repeats; `repeated_rows` are their source rows.
        excessive: event ids of refunds that exceed their order.
        excessive_rows: positions of the source rows of these refunds, counted from 0 over the file.
    """

    repeated: pa.Array
    repeated_rows: int
    excessive: list[str]
    excessive_rows: Whole

    @property
    def event_ids(self) -> pa.Array:
        """All of them."""
        return pa.concat_arrays([self.repeated, pa.array(self.excessive, pa.string())])


class Review:
    """Follows the accepted events of one file; judges at its end."""

    def __init__(self, contract: SourceContract, repeats: RepeatFinder | None) -> None:
        self._repeats = repeats
        self._refunds = RefundLedger(contract.refund_limit)
        self._refund_rows: list[tuple[pa.Array, Whole]] = []
        self._more_rows: dict[str, int] = {}

    def add(self, events: pa.Table, accepted: Mask, event_of_row: Whole, first_position: int) -> None:
        """Events of a chunk, which of them were accepted, and the position of the chunk's first row in the file."""
        kept = events if accepted.all() else events.filter(pa.array(accepted))
        self._refunds.add(kept)
        ids = flat(events.column("event_id"))
        is_refund = np.append(accepted & mask_of(pc.equal(flat(events.column("event_type")), REFUND)), False)
        rows = np.flatnonzero(is_refund[event_of_row])
        if len(rows):
            self._refund_rows.append((ids.take(pa.array(event_of_row[rows])), rows + first_position))
        if self._repeats is not None:
            self._repeats.add(kept)
            sizes = np.bincount(event_of_row[event_of_row >= 0], minlength=events.num_rows)
            for event in np.flatnonzero(accepted & (sizes > 1)).tolist():
                self._more_rows[ids[event].as_py()] = int(sizes[event])

    def recall(self, events: pa.Table) -> None:
        """Events of this very file that are in the lake already: its refunds add up with them."""
        self._refunds.add(events, known=True)

    def verdict(self) -> Verdict:
        """Decide, once, at the end of the file."""
        repeated = self._repeats.repeated() if self._repeats is not None else pa.array([], pa.string())
        rows = sum(self._more_rows.get(event_id, 1) for event_id in repeated.to_pylist())
        excessive = self._refunds.excessive()
        return Verdict(repeated, rows, excessive, self._rows_of(pa.array(excessive, pa.string())))

    def _rows_of(self, refunds: pa.Array) -> Whole:
        found = [rows[mask_of(pc.is_in(ids, value_set=refunds))] for ids, rows in self._refund_rows if len(refunds)]
        return np.concatenate([*found, np.array([], dtype=np.int64)])
