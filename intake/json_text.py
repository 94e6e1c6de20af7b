"""JSON objects written column by column, without a Python object for each row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.values import Mask, Scaled, as_text, is_valid, mask_of, nested_text

_NEEDS_ESCAPE = r'["\\\x00-\x1f]'
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def json_values(array: pa.Array) -> pa.Array:
    """Each value as JSON text; null, NaN and empty text stay null."""
    kind = array.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return array.cast(pa.string())
    if pa.types.is_floating(kind):
        finite = pc.is_finite(array)
        return as_text(array if mask_of(finite).all() else pc.if_else(finite, array, None))
    if pa.types.is_decimal(kind):
        return json_values(array.cast(pa.float64()))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        words = array.dictionary_encode()
        return quoted(as_text(words.dictionary)).take(words.indices)
    if pa.types.is_nested(kind):
        return nested_text(array)
    return quoted(as_text(_iso(array)))


def _iso(array: pa.Array) -> pa.Array:
    """Timestamps as ISO 8601, those with a zone in UTC; those that are all midnights as dates."""
    if not pa.types.is_timestamp(array.type):
        return array
    if mask_of(pc.equal(pc.floor_temporal(array, unit="day"), array)).sum() == len(array) - array.null_count:
        return array.cast(pa.date32())
    stamps = array.cast(pa.timestamp("us", tz="UTC" if array.type.tz else None), safe=False)
    return pc.strftime(stamps, "%Y-%m-%dT%H:%M:%S" + ("Z" if array.type.tz else ""))


def json_numbers(values: Scaled, scale: int) -> pa.Array:
    """Scaled whole numbers as the shortest JSON numbers."""
    numbers = pa.array(values.units / 10.0**scale, mask=~values.valid)
    return as_text(numbers)


def quoted(text: pa.Array) -> pa.Array:
    """Text as JSON strings."""
    wrapped = pc.binary_join_element_wise('"', text, '"', "")
    special = mask_of(pc.match_substring_regex(text, _NEEDS_ESCAPE))
    if not special.any():
        return wrapped
    escaped = [json.dumps(value, ensure_ascii=False) for value in text.filter(pa.array(special)).to_pylist()]
    return pc.replace_with_mask(wrapped, pa.array(special), pa.array(escaped, pa.string()))


def json_object(members: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """One JSON object a row from JSON values by key; keys whose value is null are left out; never null."""
    return _wrapped([_member(key, values) for key, values in members.items()], rows)


def merged_objects(objects: pa.Array, members: Mapping[str, pa.Array]) -> pa.Array:
    """JSON objects with members added; null objects count as empty."""
    inner = pc.utf8_slice_codeunits(objects, 1, -1)
    inner = pc.if_else(pc.equal(pc.binary_length(inner), 0), None, inner)
    return _wrapped([inner, *(_member(key, values) for key, values in members.items())], len(objects))


def compact_objects(array: pa.Array) -> tuple[pa.Array, Mask]:
    """JSON objects (as text, structs or maps) as compact text, and where something else was given."""
    text = json_values(array) if pa.types.is_nested(array.type) else as_text(array)
    words = text.dictionary_encode()
    checked = [_compact(word) for word in words.dictionary.to_pylist()]
    objects = pa.array(checked, pa.string()).take(words.indices)
    return objects, is_valid(text) & ~is_valid(objects)


def _compact(text: str) -> str | None:
    try:
        _OBJECT.decode(text)
        return msgspec.json.format(text, indent=-1)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _member(key: str, values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(json.dumps(key) + ":", values, "")


def _wrapped(members: list[pa.Array], rows: int) -> pa.Array:
    if not members:
        return pa.repeat(pa.scalar("{}"), rows)
    # pyarrow 26 loses rows whose every element is skipped: the leading empty text keeps them, its comma is cut off.
    joined = pc.binary_join_element_wise("", *members, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")


def joined_lists(texts: pa.Array, offsets: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Array:
    """JSON arrays from consecutive JSON values; `offsets` has one entry more than there are arrays."""
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), texts)
    return pc.binary_join_element_wise("[", pc.binary_join(lists, ","), "]", "")
