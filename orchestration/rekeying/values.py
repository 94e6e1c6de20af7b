"""Columns of identifier hashes, brought up to the newest key; each distinct value once."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from intake.hashing import CHAIN, HASH_PATTERN, generation_of, upgraded
from intake.values import flat


def newest(key: bytes, values: Sequence[str]) -> dict[str, str]:
    """Old hash → new hash, of those that have not seen every key."""
    keys = key.count(CHAIN) + 1
    return {value: upgraded(key, value) for value in values if generation_of(value) < keys}


def renewed(key: bytes, column: pa.Array) -> tuple[pa.Array, int]:
    """The column with new hashes, and how many entries changed; what is no hash stays."""
    words = column.dictionary_encode()
    known = pc.match_substring_regex(words.dictionary, HASH_PATTERN)
    changes = newest(key, words.dictionary.filter(known).to_pylist())
    if not changes:
        return column, 0
    fresh = pa.array([changes.get(value, value) for value in words.dictionary.to_pylist()], pa.string())
    after = fresh.take(words.indices)
    return after, int(pc.sum(pc.fill_null(pc.not_equal(after, column), False)).as_py() or 0)


def renewed_lists(key: bytes, lists: pa.Array) -> tuple[pa.Array, int]:
    """The same for lists of {type, value}."""
    lists = flat(lists)
    pairs = lists.flatten()
    after, changed = renewed(key, pc.struct_field(pairs, "value"))
    if not changed:
        return lists, 0
    fresh = pa.StructArray.from_arrays([pc.struct_field(pairs, "type"), after], fields=list(lists.type.value_type))
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array([0, *counts.cumsum().tolist()], pa.int32())
    return pa.ListArray.from_arrays(offsets, fresh, type=lists.type), changed
