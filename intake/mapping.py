"""Turns source rows into events as a contract says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.consent_words import with_plain_words
from intake.contract import SourceContract
from intake.contract_terms import Expression, members_of
from intake.email_domain import email_domains
from intake.event import EVENT_SCHEMA
from intake.event_numbers import mark_negative_pieces, number_columns
from intake.event_times import ORIGINAL, event_times
from intake.expressions import column_of, rule_mask, text
from intake.identifiers import Hasher, identifier_lists
from intake.lengths import mark_long_columns
from intake.lines import Groups, duplicate_lines, group_rows, group_totals, line_lists, mark_line_problems
from intake.nested_lines import nested_lines
from intake.properties import properties_of
from intake.reasons import Reasons
from intake.scrub import scrub_column
from intake.values import Mask, Whole, as_text, is_valid, mask_of, without_float_tail

_SCRUBBED = ("page_url", "referrer", "query", "campaign", "page_type")
_IDS = ("order_id", "product_id", "store_id", "session_id")
_KEY_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Surroundings:
    """What mapping needs beside the contract: how identifiers are hashed, now, and the shop's currency."""

    hasher: Hasher
    now: datetime
    currency: str


@dataclass(frozen=True)
class Mapped:
    """Events of a chunk and the way back to its rows.

    Attributes:
        events: columns of `EVENT_SCHEMA`, one row an event.
        reasons: why an event cannot be accepted.
        row_reasons: why a source row never became part of an event.
        duplicate_rows: source rows dropped as exact duplicates of another line.
        event_of_row: event of each source row, -1 where there is none.
        representatives: for each event, the source row that speaks for it.
        corrected: events whose `occurred_at` is not what the source said, because the contract puts it right.
    """

    events: pa.Table
    reasons: Reasons
    row_reasons: Reasons
    duplicate_rows: Mask
    event_of_row: Whole
    representatives: Whole
    corrected: Mask

    @property
    def rows_of_event(self) -> Whole:
        """How many source rows each event holds."""
        return np.bincount(self.event_of_row[self.event_of_row >= 0], minlength=self.events.num_rows)


def map_rows(
    table: pa.Table, contract: SourceContract, surroundings: Surroundings, unmapped: tuple[str, ...] = ()
) -> Mapped:
    """Map a table of source columns; those that are `unmapped` go into the properties as they are."""
    row_reasons = Reasons(table.num_rows)
    for rule in contract.quarantine:
        row_reasons.mark(rule_mask(table, rule), str(rule.value or f"rule:{rule.column}"))
    duplicates = np.zeros(table.num_rows, dtype=bool)
    groups = None
    if contract.lines and contract.lines.group_by:
        mark_line_problems(table, contract.lines, row_reasons)
        kept = ~row_reasons.flagged
        if contract.lines.duplicates == "drop":
            duplicates = duplicate_lines(table, kept)
        groups = group_rows(table, contract.lines, kept & ~duplicates)
        owner, first = groups.event_of_row(table.num_rows), groups.first_rows
    else:
        first = np.flatnonzero(~row_reasons.flagged)
        owner = np.full(table.num_rows, -1, dtype=np.int64)
        owner[first] = np.arange(len(first))
    reasons = Reasons(len(first))
    heads = table if len(first) == table.num_rows and groups is None else table.take(pa.array(first))
    if contract.lines and contract.lines.nested:
        table, groups = nested_lines(heads, contract.lines, reasons, contract.numbers)
    events, corrected = _events(heads, table, groups, contract, surroundings, reasons, unmapped)
    return Mapped(events, reasons, row_reasons, duplicates, owner, first, corrected)


def _events(
    heads: pa.Table,
    table: pa.Table,
    groups: Groups | None,
    contract: SourceContract,
    surroundings: Surroundings,
    reasons: Reasons,
    unmapped: tuple[str, ...] = (),
) -> tuple[pa.Table, Mask]:
    rows = heads.num_rows
    columns = {name: text(heads, expression) for name, expression in _text_fields(contract)}
    columns |= {name: scrub_column(columns[name]) for name in _SCRUBBED if name in columns}
    columns |= {name: without_float_tail(columns[name]) for name in _IDS if _is_column(contract.columns.get(name))}
    columns["event_type"] = text(heads, contract.event_type)
    columns["event_id"] = _event_ids(heads, contract)
    times = event_times(heads, contract, surroundings.now, reasons)
    columns["occurred_at"], columns["received_at"] = times.occurred_at, times.received_at
    columns |= number_columns(heads, table, groups, contract, reasons)
    columns["identifiers"] = identifier_lists(heads, contract.identifiers, surroundings.hasher)
    computed: dict[str, pa.Array] = {}
    if contract.lines and groups is not None:
        ordered = mask_of(pc.equal(columns["event_type"], "order_completed"))
        mark_negative_pieces(table, groups, contract, ordered, reasons)
        stated = () if contract.properties == "rest" else members_of(contract.properties)
        computed = group_totals(table, contract.lines, groups, stated)
        computed["lines"] = line_lists(table, contract.lines, groups)
    computed |= email_domains(heads, contract.identifiers)
    computed |= {ORIGINAL: times.original} if times.corrected.any() else {}
    mark_long_columns(heads, contract.personal_columns, reasons)
    columns["properties"], bad = properties_of(heads, contract, computed, unmapped)
    columns["properties"] = with_plain_words(columns["event_type"], columns["properties"])
    reasons.mark(bad, "invalid_json:properties")
    columns["source"] = pa.repeat(pa.scalar(contract.name), rows)
    columns["is_simulated"] = pa.repeat(pa.scalar(contract.is_simulated), rows)
    columns["loaded_at"] = pa.repeat(pa.scalar(surroundings.now, EVENT_SCHEMA.field("loaded_at").type), rows)
    _add_defaults(columns, contract, surroundings)
    arrays = [columns.get(field.name, pa.nulls(rows, field.type)).cast(field.type) for field in EVENT_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA), times.corrected


def _is_column(expression: Expression | None) -> bool:
    """Not put together: 12.0 may be the first receipt of store 12."""
    return expression is not None and expression.column is not None


def _text_fields(contract: SourceContract) -> list[tuple[str, Expression]]:
    return [
        (name, expression)
        for name, expression in contract.columns.items()
        if pa.types.is_string(EVENT_SCHEMA.field(name).type) and name != "properties"
    ]


def _add_defaults(columns: dict[str, pa.Array], contract: SourceContract, surroundings: Surroundings) -> None:
    rows = len(columns["event_id"])
    if "channel" not in columns and contract.channel:
        columns["channel"] = pa.repeat(pa.scalar(contract.channel), rows)
    money = [columns[name] for name in ("amount", "unit_price") if name in columns]
    if money:
        priced = np.logical_or.reduce([is_valid(values) for values in money])
        usual = pc.if_else(pa.array(priced), contract.currency or surroundings.currency, None)
        columns["currency"] = pc.coalesce(columns["currency"], usual) if "currency" in columns else usual


def _event_ids(heads: pa.Table, contract: SourceContract) -> pa.Array:
    own = as_text(column_of(heads, contract.event_id)) if contract.event_id else pa.nulls(heads.num_rows, pa.string())
    if not contract.natural_key or not own.null_count:
        return own
    parts = [as_text(column_of(heads, name)) for name in contract.natural_key]
    known = np.logical_or.reduce([is_valid(part) for part in parts])
    joined = pc.binary_join_element_wise(contract.name, *(pc.fill_null(part, "") for part in parts), _KEY_SEPARATOR)
    digests = [hashlib.blake2b(key.encode(), digest_size=16).hexdigest() for key in joined.to_pylist()]
    return pc.coalesce(own, pa.array(digests, pa.string(), mask=~known))
