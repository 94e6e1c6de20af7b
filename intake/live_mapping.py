"""Records that arrive live, mapped as files are, so that what is seen at once and what is kept mean the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from intake.consent_terms import stated_consents
from intake.contract import SourceContract
from intake.event import EventType
from intake.identifiers import Hasher
from intake.mapping import Surroundings, map_rows
from intake.reader_jsonl import json_chunk
from intake.reasons import Reasons
from intake.shape import shaped
from intake.validation import Bounds, validate

_NOT_OF_THE_EVENT = ("source", "loaded_at", "is_simulated")


class LiveEvent(NamedTuple):
    """Fields of one event, and what its record says of consent beside: purpose to whether it is granted."""

    fields: dict[str, Any]
    said: dict[str, bool]


@dataclass(frozen=True)
class LiveMapping:
    """A contract of JSON lines with all that mapping needs.

    Attributes:
        beside: other contracts that read their own part of the same records.
    """

    contract: SourceContract
    hasher: Hasher
    vocabulary: Mapping[str, EventType]
    currency: str
    earliest: datetime
    tolerance_seconds: int
    beside: tuple[SourceContract, ...] = ()

    def events(self, records: Sequence[bytes], now: datetime) -> list[LiveEvent]:
        """Each sound event among JSON objects, empty fields left out; properties as a dict.

        What intake will set aside, and what yet another contract reads, is not among them.
        """
        every = (self.contract, *self.beside)
        return [event for contract in every for event in self._events(contract, records, now)]

    def _events(self, contract: SourceContract, records: Sequence[bytes], now: datetime) -> list[LiveEvent]:
        chunk = shaped(json_chunk(contract, list(records), 1, None, None), contract)
        if not chunk.table.num_rows:
            return []
        mapped = map_rows(chunk.table, contract, Surroundings(self.hasher, now, self.currency))
        bounds = Bounds(self.earliest, now, self.tolerance_seconds)
        reasons: Reasons = mapped.reasons
        events = validate(mapped.events, reasons, self.vocabulary, contract.required, bounds)
        stated = stated_consents(chunk.table.take(pa.array(mapped.representatives)), contract.consents, reasons)
        words = {purpose: codes.tolist() for purpose, codes in stated.items()}
        return [
            LiveEvent(_fields(row), {p: codes[place] == 1 for p, codes in words.items() if codes[place] >= 0})
            for place, (row, bad) in enumerate(zip(events.to_pylist(), reasons.flagged, strict=True))
            if not bad
        ]


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in row.items() if value is not None and name not in _NOT_OF_THE_EVENT}
    fields["properties"] = json.loads(fields.get("properties") or "{}")
    for name in ("quantity", "unit_price", "amount", "scroll_depth"):
        if name in fields:
            fields[name] = float(fields[name])
    return fields
