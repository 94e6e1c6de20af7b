"""Consent at the door: what people said, and which events must not come in because of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.event import HINT_TYPES
from intake.ops_records import ConsentChange
from intake.validation import micros
from intake.values import Mask, flat, mask_of

ALWAYS_STORED = "contract"
ALWAYS_STORED_TYPES = ("order_completed", "order_refunded", "consent_updated")
"""Whatever the source's purpose: revenue stays true, and consent itself must be known."""


class _Word(msgspec.Struct):
    purpose: str
    granted: bool


_WORD = msgspec.json.Decoder(_Word)


def states_consent(properties: str) -> bool:
    """True when properties name a purpose and whether it is granted."""
    try:
        _WORD.decode(properties)
    except msgspec.DecodeError:
        return False
    return True


def consent_changes(events: pa.Table) -> list[ConsentChange]:
    """What the `consent_updated` events among these say, for each of their identifiers that name a person."""
    said = events.filter(pc.equal(events.column("event_type"), "consent_updated"))
    changes = []
    for row in said.select(["occurred_at", "identifiers", "properties"]).to_pylist():
        word = _WORD.decode(row["properties"])
        changes += [
            ConsentChange(identifier["value"], word.purpose, word.granted, row["occurred_at"])
            for identifier in row["identifiers"]
            if identifier["type"] not in HINT_TYPES
        ]
    return changes


class Refusals:
    """Who refused a purpose, and when; built from the changes of everybody who ever did."""

    def __init__(self, changes: Iterable[ConsentChange]) -> None:
        self._history: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        for change in sorted(changes, key=lambda change: change.occurred_at):
            self._history[change.identifier].append((micros(change.occurred_at), change.granted))
        self._known = pa.array(list(self._history), pa.string())

    def suppressed(self, events: pa.Table) -> Mask:
        """Events that happened while one of their identifiers had refused the purpose."""
        found = np.zeros(events.num_rows, dtype=bool)
        if not self._history:
            return found
        lists = flat(events.column("identifiers"))
        values = pc.struct_field(pc.list_flatten(lists), "value")
        hits = mask_of(pc.is_in(values, value_set=self._known))
        owners = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[hits]
        occurred = flat(events.column("occurred_at").cast(pa.int64())).to_numpy(zero_copy_only=False)
        for row, value in zip(owners, values.filter(pa.array(hits)).to_pylist(), strict=True):
            found[row] |= self._refused(value, int(occurred[row]))
        kept = pc.is_in(events.column("event_type"), value_set=pa.array(ALWAYS_STORED_TYPES))
        return found & ~mask_of(flat(kept))

    def _refused(self, identifier: str, at_micros: int) -> bool:
        history = self._history[identifier]
        position = bisect_right(history, at_micros, key=lambda word: word[0])
        return position > 0 and not history[position - 1][1]
