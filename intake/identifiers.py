"""The identifiers of events: hashed once for each distinct value, strongest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.contract import IdentifierSpec
from intake.event import IDENTIFIER_TYPES, IDENTIFIERS
from intake.expressions import column_of
from intake.hashing import CHAIN, HASH_PATTERN, hash_distinct, upgraded
from intake.values import Whole, as_text, is_valid, mask_of, without_float_tail

_CODES = {name: code for code, name in enumerate(IDENTIFIER_TYPES)}


@dataclass(frozen=True)
class Hasher:
    """Key and region that identifiers are hashed with."""

    key: bytes
    region: str = "US"

    def column(self, identifier_type: str, clear: pa.Array) -> pa.Array:
        """Keyed hashes of a text column; placeholders become null. Each distinct value is hashed once."""
        words = clear.dictionary_encode()
        values = words.dictionary
        if identifier_type not in ("email", "phone"):
            values = without_float_tail(values)
        hashed = hash_distinct(self.key, identifier_type, values.to_pylist(), self.region)
        return pa.array(hashed, pa.string()).take(words.indices)

    def hashes(self, values: pa.Array) -> pa.Array:
        """Values that are keyed hashes already; those of an older key are brought up to the newest, others null."""
        sound = pc.if_else(pc.match_substring_regex(values, HASH_PATTERN), values, None)
        if CHAIN not in self.key:
            return sound
        words = sound.dictionary_encode()
        newest = [None if value is None else upgraded(self.key, value) for value in words.dictionary.to_pylist()]
        return pa.array(newest, pa.string()).take(words.indices)


class _Found(NamedTuple):
    rows: Whole
    codes: Whole
    values: pa.Array


def identifier_lists(table: pa.Table, specs: tuple[IdentifierSpec, ...], hasher: Hasher) -> pa.Array:
    """list<struct<type, value>> for each row, strongest type first; empty where there is none."""
    found = [part for spec in specs for part in _found(table, spec, hasher)]
    if not found:
        return pa.ListArray.from_arrays(
            pa.array(np.zeros(table.num_rows + 1), pa.int32()), pa.array([], IDENTIFIERS.value_type)
        )
    rows = np.concatenate([part.rows for part in found])
    codes = np.concatenate([part.codes for part in found])
    values = pa.concat_arrays([part.values for part in found])
    order = np.argsort(rows * len(IDENTIFIER_TYPES) + codes, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=table.num_rows))])
    types = pa.array(IDENTIFIER_TYPES).take(pa.array(codes[order]))
    pairs = pa.StructArray.from_arrays([types, values.take(pa.array(order))], fields=list(IDENTIFIERS.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pairs)


def first_of_type(lists: pa.Array, identifier_type: str) -> pa.Array:
    """The first value of a type in each list of identifiers, null where there is none."""
    mine = mask_of(pc.equal(pc.struct_field(pc.list_flatten(lists), "type"), identifier_type))
    owners = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[mine]
    rows, first = np.unique(owners, return_index=True)
    positions, given = np.zeros(len(lists), dtype=np.int64), np.zeros(len(lists), dtype=bool)
    positions[rows], given[rows] = np.flatnonzero(mine)[first], True
    return pc.struct_field(pc.list_flatten(lists), "value").take(pa.array(positions, mask=~given))


def listed_values(column: pa.Array, identifier_type: str) -> pa.Array:
    """The first clear value of a type in a source column of {type, value} lists; nulls for any other column."""
    if not pa.types.is_nested(column.type):
        return pa.nulls(len(column), pa.string())
    return as_text(first_of_type(column.cast(IDENTIFIERS), identifier_type))


def _found(table: pa.Table, spec: IdentifierSpec, hasher: Hasher) -> list[_Found]:
    column = column_of(table, spec.column)
    if spec.type is not None:
        clear = as_text(column)
        hashed = hasher.hashes(clear) if spec.hashed else hasher.column(spec.type, clear)
        return [_present(np.arange(table.num_rows), _CODES[spec.type], hashed)]
    if not pa.types.is_nested(column.type):
        return []
    return _from_lists(column.cast(IDENTIFIERS), spec, hasher)


def _from_lists(column: pa.Array, spec: IdentifierSpec, hasher: Hasher) -> list[_Found]:
    rows = pc.list_parent_indices(column).to_numpy(zero_copy_only=False).astype(np.int64)
    pairs = pc.list_flatten(column)
    types, values = pc.struct_field(pairs, "type"), as_text(pc.struct_field(pairs, "value"))
    parts = []
    for name, code in _CODES.items():
        mine = mask_of(pc.equal(types, name))
        clear = values.filter(pa.array(mine))
        hashed = hasher.hashes(clear) if spec.hashed else hasher.column(name, clear)
        parts.append(_present(rows[mine], code, hashed))
    return parts


def _present(rows: Whole, code: int, hashed: pa.Array) -> _Found:
    given = is_valid(hashed)
    return _Found(rows[given], np.full(int(given.sum()), code), hashed.filter(pa.array(given)))
