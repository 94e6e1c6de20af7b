"""One input file on its way into the lake: counts, pending events, and what goes elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.chunk import Chunk
from intake.consent import Refusals, consent_changes, states_consent
from intake.contract import SourceContract
from intake.event import EventType
from intake.lake import write_events
from intake.mapping import Mapped, Surroundings, map_rows
from intake.ops_records import ConsentChange, LakeFile
from intake.paths import DataPaths
from intake.quarantine import QuarantinedRow, QuarantineShelf
from intake.reasons import Reasons
from intake.tombstones import DoorKeeper
from intake.validation import Bounds, SeenEvents, validate
from intake.values import Mask, Whole, flat
from intake.vault import vault_rows

FLUSH_EVENTS = 1_000_000


@dataclass(frozen=True)
class Rules:
    """Everything that decides what becomes of a row."""

    contract: SourceContract
    surroundings: Surroundings
    vocabulary: Mapping[str, EventType]
    bounds: Bounds
    refusals: Refusals
    keeper: DoorKeeper


class Batch:
    """Takes chunks, keeps the accounts in source rows, and writes the lake files."""

    def __init__(self, paths: DataPaths, rules: Rules, batch_id: str) -> None:
        self.paths, self.rules, self.batch_id = paths, rules, batch_id
        self.rows_read = self.accepted = self.duplicate = self.suppressed = self.events = 0
        self.shelf = QuarantineShelf()
        self.files: list[LakeFile] = []
        self.consent: list[ConsentChange] = []
        self.vault: list[pa.Table] = []
        self._seen = SeenEvents()
        self._pending: list[pa.Table] = []
        self._parts = 0

    def add(self, chunk: Chunk) -> None:
        """Account for every row of a chunk."""
        self.rows_read += chunk.rows_read
        for bad in chunk.malformed:
            self._put_aside(QuarantinedRow(bad.row_number, bad.reason, bad.original))
        if not chunk.table.num_rows:
            return
        rules = self.rules
        mapped = map_rows(chunk.table, rules.contract, rules.surroundings)
        events = validate(mapped.events, mapped.reasons, rules.vocabulary, rules.contract.required, rules.bounds)
        _mark_unclear_consent(events, mapped.reasons)
        erased = rules.keeper.sorted_out(events, mapped.reasons.flagged)
        events, fit = erased.events, ~mapped.reasons.flagged & ~erased.gone
        again = self._seen.duplicates(flat(events.column("event_id")), fit)
        refused = fit & ~again & rules.refusals.suppressed(events)
        accepted = fit & ~again & ~refused
        self._count(mapped, again, refused | erased.gone, accepted)
        self._set_aside(chunk, mapped, mapped.reasons.flagged & ~erased.gone)
        self._keep(chunk, mapped, events, accepted, speaks=~erased.changed)

    def finish(self) -> None:
        """Write what is pending."""
        if self._pending:
            events = pa.concat_tables(self._pending)
            self._pending = []
            self.files += write_events(self.paths, events, self.rules.contract.name, self.batch_id, self._parts)
            self._parts += 1

    def _count(self, mapped: Mapped, again: Mask, refused: Mask, accepted: Mask) -> None:
        rows = mapped.rows_of_event
        self.duplicate += int(rows[again].sum()) + int(mapped.duplicate_rows.sum())
        self.suppressed += int(rows[refused].sum())
        self.accepted += int(rows[accepted].sum())
        self.events += int(accepted.sum())

    def _set_aside(self, chunk: Chunk, mapped: Mapped, lost: Mask) -> None:
        belongs = mapped.event_of_row >= 0
        with_event = np.zeros(len(belongs), dtype=bool)
        with_event[belongs] = lost[mapped.event_of_row[belongs]]
        rows = np.flatnonzero(with_event)
        self._shelve(chunk, rows, mapped.reasons.of(mapped.event_of_row[rows]))
        alone = np.flatnonzero(mapped.row_reasons.flagged)
        self._shelve(chunk, alone, mapped.row_reasons.of(alone))

    def _shelve(self, chunk: Chunk, rows: Whole, reasons: list[str]) -> None:
        numbers = chunk.row_numbers[rows].tolist()
        for number, reason, original in zip(numbers, reasons, chunk.originals(rows), strict=True):
            self._put_aside(QuarantinedRow(number, reason, original))

    def _put_aside(self, row: QuarantinedRow) -> None:
        """On the shelf, unless it names somebody who was erased: such a row counts as suppressed."""
        if self.rules.keeper.names_somebody(row.original):
            self.suppressed += 1
        else:
            self.shelf.rows.append(row)

    def _keep(self, chunk: Chunk, mapped: Mapped, events: pa.Table, accepted: Mask, speaks: Mask) -> None:
        if not accepted.any():
            return
        kept = events if accepted.all() else events.filter(pa.array(accepted))
        self._pending.append(kept)
        self.consent += consent_changes(kept)
        if self.rules.contract.personal_columns:
            # What an erased person's row says in clear is nobody else's.
            heads = chunk.table.take(pa.array(mapped.representatives[accepted & speaks]))
            told = kept if speaks.all() else kept.filter(pa.array(speaks[accepted]))
            self.vault.append(vault_rows(heads, told, self.rules.contract))
        if sum(table.num_rows for table in self._pending) >= FLUSH_EVENTS:
            self.finish()


def _mark_unclear_consent(events: pa.Table, reasons: Reasons) -> None:
    said = np.flatnonzero(pc.fill_null(pc.equal(events.column("event_type"), "consent_updated"), False).to_numpy())
    if not len(said):
        return
    unclear = np.zeros(events.num_rows, dtype=bool)
    words = events.column("properties").take(pa.array(said)).to_pylist()
    unclear[said] = [not states_consent(word) for word in words]
    reasons.mark(unclear, "missing_property:purpose_or_granted")
