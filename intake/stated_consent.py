"""Consent that stands in a source's own rows: each change of it becomes a `consent_updated` event beside the row's."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.consent import CONSENT_TYPE
from intake.consent_history import ConsentHistory
from intake.consent_terms import Stated
from intake.event import EVENT_SCHEMA, HINT_TYPES
from intake.values import Mask, Whole, flat, mask_of

_KEPT = frozenset({
    "occurred_at", "received_at", "source", "channel", "identifiers", "country", "region", "is_simulated", "loaded_at",
})  # fmt: skip


def stated_changes(
    events: pa.Table, stated: Mapping[str, Stated], fit: Mask, histories: Mapping[str, ConsentHistory]
) -> pa.Table:
    """A `consent_updated` event for each event and purpose that says something new of one of its identifiers.

    Args:
        events: rows of `EVENT_SCHEMA`.
        stated: by purpose, what each of these rows says.
        fit: rows that may speak at all.
        histories: by purpose, what is known already; a word that only repeats it is not kept again.
    """
    made = [_of_purpose(events, name, codes, fit, histories[name]) for name, codes in stated.items()]
    return pa.concat_tables(made) if made else EVENT_SCHEMA.empty_table()


def _of_purpose(events: pa.Table, purpose: str, codes: Stated, fit: Mask, history: ConsentHistory) -> pa.Table:
    rows = np.flatnonzero(fit & (codes >= 0))
    said = events.take(pa.array(rows))
    new = _says_new(said, codes[rows], history)
    return _consent_events(said.filter(pa.array(new)), purpose, codes[rows][new])


def _says_new(said: pa.Table, codes: Stated, history: ConsentHistory) -> Mask:
    lists = flat(said.column("identifiers"))
    pairs = pc.list_flatten(lists)
    person = ~mask_of(pc.is_in(pc.struct_field(pairs, "type"), value_set=pa.array(HINT_TYPES)))
    owners = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[person]
    values = pc.struct_field(pairs, "value").filter(pa.array(person))
    occurred = flat(said.column("occurred_at").cast(pa.int64())).to_numpy(zero_copy_only=False)[owners]
    stored = history.last_word(values, occurred)
    before, before_at = _word_before(values, occurred, codes[owners])
    last = np.where(before_at >= stored.since, before, stored.state)
    new = np.zeros(said.num_rows, dtype=bool)
    new[owners[last != codes[owners]]] = True
    return new


def _word_before(values: pa.Array, occurred: Whole, codes: Stated) -> tuple[Stated, Whole]:
    """For each word, what the same identifier said before it among these, and when; -1 at -1 for nothing."""
    names = values.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    order = np.lexsort((-codes.astype(np.int64), occurred, names))
    same = np.zeros(len(order), dtype=bool)
    same[1:] = names[order][1:] == names[order][:-1]
    word, at = np.full(len(order), -1, dtype=np.int8), np.full(len(order), -1, dtype=np.int64)
    word[order[1:]] = np.where(same[1:], codes[order][:-1], -1)
    at[order[1:]] = np.where(same[1:], occurred[order][:-1], -1)
    return word, at


def _consent_events(heads: pa.Table, purpose: str, codes: Stated) -> pa.Table:
    count = heads.num_rows
    words = [msgspec.json.encode({"purpose": purpose, "granted": granted}).decode() for granted in (False, True)]
    columns = {name: heads.column(name) for name in _KEPT}
    ids = pc.binary_join_element_wise(heads.column("event_id").combine_chunks(), "consent", purpose, ":")
    columns |= {"event_id": ids, "event_type": pa.repeat(pa.scalar(CONSENT_TYPE), count)}
    columns["properties"] = pa.array(words, pa.string()).take(pa.array(codes.astype(np.int64)))
    arrays = [columns.get(field.name, pa.nulls(count, field.type)) for field in EVENT_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA)
