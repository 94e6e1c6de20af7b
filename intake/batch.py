"""One input file on its way into the lake: counts, pending events, and what goes elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.bots import bot_rows
from intake.chunk import Chunk
from intake.clock_behind import LagWatch
from intake.consent_desk import ConsentDesk
from intake.consent_history import ConsentHistory
from intake.contract import SourceContract
from intake.event import EventType
from intake.lake import without_events, write_events
from intake.mapping import Mapped, Surroundings, map_rows
from intake.ops_records import ConsentChange, LakeFile
from intake.paths import DataPaths
from intake.quarantine import QuarantinedRow, QuarantineShelf
from intake.refunds import EXCEEDS
from intake.repeats import RepeatFinder
from intake.review import Review
from intake.seen_events import SeenEvents
from intake.suppression import Refusals, Suppressed
from intake.tombstones import DoorKeeper
from intake.validation import Bounds, validate
from intake.values import Mask, Whole, flat, mask_of
from intake.vault import vault_rows
from intake.wrong_zone import ZoneWatch, ahead_of_arrival, reason_of

FLUSH_EVENTS = 1_000_000

ReadAgain = Callable[[Whole], list[tuple[int, bytes]]]
"""Row number and original of the source rows at these positions of the file, in order."""


@dataclass(frozen=True)
class Rules:
    """Everything that decides what becomes of a row."""

    contract: SourceContract
    surroundings: Surroundings
    vocabulary: Mapping[str, EventType]
    bounds: Bounds
    refusals: Refusals
    keeper: DoorKeeper
    histories: Mapping[str, ConsentHistory] = field(default_factory=dict)
    repeats: RepeatFinder | None = None


def without_known_words(rules: Rules) -> Rules:
    """For a file that is read again: its events take the place of those of before, and with them the words of
    consent that were known from those alone."""
    return replace(rules, histories=dict.fromkeys(rules.contract.consents, ConsentHistory([])))


class Batch:
    """Takes chunks, keeps the accounts in source rows, and writes the lake files."""

    def __init__(self, paths: DataPaths, rules: Rules, batch_id: str) -> None:
        self.paths, self.rules, self.batch_id = paths, rules, batch_id
        self.rows_read = self.accepted = self.duplicate = self.suppressed = self.events = 0
        self.withheld: Counter[tuple[str, str]] = Counter()
        self.shelf = QuarantineShelf()
        self.files: list[LakeFile] = []
        self.vault: list[pa.Table] = []
        self._desk = ConsentDesk(rules.contract, rules.refusals, rules.histories)
        self.findings: Counter[str] = Counter()
        self.hours_ahead: float | None = None
        self.part_in_lake = pa.array([], pa.string())
        self._seen = SeenEvents()
        self._review = Review(rules.contract, rules.repeats)
        self._zone = ZoneWatch()
        self._lag = LagWatch()
        self._positions = 0
        self._pending: list[pa.Table] = []
        self._parts = 0

    def know(self, event_ids: pa.Array) -> None:
        """Events that are in the lake already: the same again is a duplicate."""
        self._seen.duplicates(event_ids, np.ones(len(event_ids), dtype=bool))

    def recall(self, events: pa.Table) -> None:
        """Events of the same file that are in the lake already, for what only the whole of it can tell."""
        self._review.recall(events)

    def add(self, chunk: Chunk) -> None:
        """Account for every row of a chunk."""
        self.rows_read += chunk.rows_read
        for bad in chunk.malformed:
            self._put_aside(QuarantinedRow(bad.row_number, bad.reason, bad.original))
        if not chunk.table.num_rows:
            return
        rules = self.rules
        mapped = map_rows(chunk.table, rules.contract, rules.surroundings, chunk.unmapped)
        events = validate(mapped.events, mapped.reasons, rules.vocabulary, rules.contract.required, rules.bounds)
        if len(self.part_in_lake):
            known = pc.is_in(flat(events.column("event_id")), value_set=self.part_in_lake)
            mapped.reasons.mark(mask_of(known), "order_in_lake")
        self._desk.read(chunk.table, mapped.representatives, events, mapped.reasons)
        erased = rules.keeper.sorted_out(events, mapped.reasons.flagged)
        events, fit = erased.events, ~mapped.reasons.flagged & ~erased.gone
        again = self._seen.duplicates(flat(events.column("event_id")), fit)
        self._store(self._desk.hear(events, fit & ~again))
        withheld = self._desk.judge(events)
        refused = fit & ~again & withheld.any
        accepted = fit & ~again & ~refused
        self._tell_withheld(mapped.rows_of_event, withheld, refused)
        self._count(mapped, events, again, refused | erased.gone, accepted)
        self._set_aside(chunk, mapped, mapped.reasons.flagged & ~erased.gone)
        if rules.contract.arrival.column:
            rows = np.flatnonzero(accepted)
            occurred = flat(events.column("occurred_at").cast(pa.int64())).to_numpy(zero_copy_only=False)[rows]
            self._lag.add(occurred, -ahead_of_arrival(events, rows), mapped.rows_of_event[rows])
        self._review.add(events, accepted, mapped.event_of_row, self._positions)
        self._positions += chunk.table.num_rows
        self._keep(chunk, mapped, events, accepted, speaks=~erased.changed)

    def review(self, read_again: ReadAgain) -> None:
        """Take back what only the whole file shows to be a repeat or too large a refund, and name a wrong zone."""
        verdict = self._review.verdict()
        self._name_wrong_zone()
        if not len(verdict.event_ids):
            return
        gone = verdict.event_ids
        self._pending = [table.filter(pc.invert(pc.is_in(table.column("event_id"), gone))) for table in self._pending]
        self.files = without_events(self.paths, self.files, gone)
        self.vault = [table.filter(pc.invert(pc.is_in(table.column("event_id"), gone))) for table in self.vault]
        self.events -= len(gone)
        self.accepted -= verdict.repeated_rows + len(verdict.excessive_rows)
        self.duplicate += verdict.repeated_rows
        self.findings["duplicate:content"] += verdict.repeated_rows
        for number, original in read_again(verdict.excessive_rows):
            self._put_aside(QuarantinedRow(number, EXCEEDS, original))

    def _name_wrong_zone(self) -> None:
        found = self._zone.verdict()
        if found is None:
            self._note_clock_behind()
            return
        self.hours_ahead, rows = found
        for row in rows:
            self.shelf.rows[row] = replace(self.shelf.rows[row], reason=reason_of(self.hours_ahead))

    def _note_clock_behind(self) -> None:
        """Rows behind came in as they are: only people can say whether they were late instead."""
        behind = self._lag.verdict()
        if behind is not None:
            self.hours_ahead = -behind[0]
            self.findings[reason_of(self.hours_ahead)] = behind[1]

    def finish(self) -> None:
        """Write what is pending."""
        events = pa.concat_tables(self._pending) if self._pending else pa.table({})
        self._pending = []
        if events.num_rows:
            self.files += write_events(self.paths, events, self.rules.contract.name, self.batch_id, self._parts)
            self._parts += 1

    @property
    def consent(self) -> list[ConsentChange]:
        """What the rows said of consent."""
        return self._desk.changes

    def _store(self, events: pa.Table) -> None:
        """Events made of what rows say beside their own: they count as events and not as rows."""
        if events.num_rows:
            self._pending.append(events)
            self.events += events.num_rows

    def _tell_withheld(self, rows: Whole, withheld: Suppressed, refused: Mask) -> None:
        purpose = self.rules.contract.consent
        for reason, mask in withheld._asdict().items():
            if count := int(rows[mask & refused].sum()):
                self.withheld[purpose, reason] += count

    def _count(self, mapped: Mapped, events: pa.Table, again: Mask, refused: Mask, accepted: Mask) -> None:
        rows = mapped.rows_of_event
        self.duplicate += int(rows[again].sum()) + int(mapped.duplicate_rows.sum())
        self.findings["duplicate:id"] += int(rows[again].sum())
        self.findings["duplicate:line"] += int(mapped.duplicate_rows.sum())
        self.findings["clock_corrected"] += int(rows[accepted & mapped.corrected].sum())
        self.findings["bot"] += int(rows[accepted & bot_rows(events)].sum())
        self.suppressed += int(rows[refused].sum())
        self.accepted += int(rows[accepted].sum())
        self.events += int(accepted.sum())

    def _set_aside(self, chunk: Chunk, mapped: Mapped, lost: Mask) -> None:
        belongs = mapped.event_of_row >= 0
        with_event = np.zeros(len(belongs), dtype=bool)
        with_event[belongs] = lost[mapped.event_of_row[belongs]]
        rows = np.flatnonzero(with_event)
        reasons, first = mapped.reasons.of(mapped.event_of_row[rows]), len(self.shelf.rows)
        self._shelve(chunk, rows, reasons)
        if self.rules.contract.arrival.column and len(self.shelf.rows) == first + len(rows):
            self._zone.add(first, reasons, ahead_of_arrival(mapped.events, mapped.event_of_row[rows]))
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
        if self.rules.contract.personal_columns:
            # What an erased person's row says in clear is nobody else's.
            heads = chunk.table.take(pa.array(mapped.representatives[accepted & speaks]))
            told = kept if speaks.all() else kept.filter(pa.array(speaks[accepted]))
            self.vault.append(self.rules.keeper.in_clear(vault_rows(heads, told, self.rules.contract)))
        if sum(table.num_rows for table in self._pending) >= FLUSH_EVENTS:
            self.finish()
