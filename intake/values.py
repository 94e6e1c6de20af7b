"""Source columns as typed arrays: text, scaled whole numbers, UTC timestamps; what cannot be read is marked."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

MAX_SCALED = 10**17
"""Largest scaled value that fits decimal(18, n)."""


EPOCH = "epoch"
"""The time format of numbers that are written as text."""

EXCEL = "excel"
"""The time format of spreadsheets: days since 1899-12-30 of the contract's time zone, as numbers or text."""

ISO_8601, MIXED = "ISO8601", "mixed"
"""Words of pandas for a time format: what is read without one, and a notation of its own for each value."""

_ISO_WITH_ZONE = r"(?:[zZ]|UTC|GMT)$|[T ]\d{2}.*[+-]\d{2}(?::?\d{2})?$"
_COUNTED = r"^(?:[0-9]{9,11}|[0-9]{13}|[0-9]{16}|[0-9]{19})(?:\.[0-9]+)?$"
"""As many digits as seconds, milli-, micro- and nanoseconds of these decades have, and no date without signs."""
_EXCEL_DAY_ZERO, _EXCEL_LAST_DAY = -25_569, 2_958_465


class Scaled(NamedTuple):
    """Decimals as whole numbers of 10^-scale; `bad` marks values that were given but are no numbers."""

    units: Whole
    valid: Mask
    bad: Mask


class Moments(NamedTuple):
    """Microseconds since 1970 UTC; `bad` marks values that were given but are no timestamps."""

    micros: Whole
    valid: Mask
    bad: Mask


def flat(column: Any) -> pa.Array:
    """One contiguous array, dictionaries decoded."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def mask_of(array: pa.Array) -> Mask:
    """A boolean arrow array as numpy; null counts as False."""
    filled = pc.fill_null(array, False) if array.null_count else array
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=bool)


def is_valid(array: pa.Array) -> Mask:
    """Where a value is present."""
    return np.ones(len(array), dtype=bool) if not array.null_count else mask_of(pc.is_valid(array))


def as_text(array: pa.Array) -> pa.Array:
    """Trimmed text; empty becomes null; whole numbers given as floats lose their `.0`; objects and arrays as JSON."""
    kind = array.type
    if pa.types.is_floating(kind):
        array = _without_fraction(pc.if_else(pc.is_nan(array), None, array))
    elif pa.types.is_large_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        array = array.cast(pa.string())
    elif pa.types.is_null(kind):
        return pa.nulls(len(array), pa.string())
    elif pa.types.is_nested(kind):
        return nested_text(array)
    if not pa.types.is_string(array.type):
        return array.cast(pa.string())
    trimmed = pc.utf8_trim_whitespace(array)
    empty = pc.equal(pc.binary_length(trimmed), 0)
    return pc.if_else(empty, None, trimmed) if mask_of(empty).any() else trimmed


def without_float_tail(words: pa.Array) -> pa.Array:
    """Ids that went through a table of floats as they were before: `1001.0` is 1001; all others stay."""
    if not pc.any(pc.ends_with(words, ".0")).as_py():
        return words
    return pc.replace_substring_regex(words, r"^([0-9]+)\.0+$", r"\1")


def nested_text(array: pa.Array) -> pa.Array:
    """Objects, maps and arrays as JSON text."""
    return pa.array([None if value is None else json_of(value) for value in plain_objects(array)], pa.string())


def plain_objects(array: pa.Array | pa.ChunkedArray) -> list[Any]:
    """The values as Python objects, those of maps as dicts like those of structs; times that Python has no year for
    as text."""
    try:
        values: list[Any] = array.to_pylist(maps_as_pydicts="lossy")
    except (OverflowError, ValueError):
        values = array.cast(_timeless(array.type)).to_pylist(maps_as_pydicts="lossy")
    return values


def _timeless(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_temporal(kind):
        return pa.string()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_timeless(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_timeless(kind.key_type), _timeless(kind.item_type))
    if pa.types.is_large_list(kind):
        return pa.large_list(_timeless(kind.value_type))
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_timeless(kind.value_type))
    return kind


def json_of(value: object) -> str:
    """A value as JSON text; what JSON has no form for as text."""
    return msgspec.json.encode(value, enc_hook=str).decode()


def _without_fraction(array: pa.Array) -> pa.Array:
    numbers = array.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    with np.errstate(invalid="ignore"):
        whole = np.isnan(numbers) | ((numbers == np.rint(numbers)) & (np.abs(numbers) < 2**53))
    return pc.if_else(pc.is_valid(array), array, None).cast(pa.int64()) if whole.all() else array


def as_numbers(array: pa.Array) -> tuple[npt.NDArray[np.float64], Mask]:
    """Float values with NaN where there is none, and the mask of values that are no numbers."""
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = as_text(array)
        parsed = pd.to_numeric(pd.Series(text.to_numpy(zero_copy_only=False), dtype=object), errors="coerce")
        numbers = np.array(parsed, dtype=np.float64)
        numbers[~np.isfinite(numbers)] = np.nan
        return numbers, is_valid(text) & np.isnan(numbers)
    if pa.types.is_null(kind):
        return np.full(len(array), np.nan), np.zeros(len(array), dtype=bool)
    if not (pa.types.is_primitive(kind) or pa.types.is_decimal(kind)) or pa.types.is_temporal(kind):
        return np.full(len(array), np.nan), is_valid(array)
    numbers = np.array(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    infinite = np.isinf(numbers)
    numbers[infinite] = np.nan
    return numbers, infinite


def scale_numbers(numbers: npt.NDArray[np.float64], bad: Mask, scale: int) -> Scaled:
    """Floats (NaN = none) as whole numbers of 10^-scale."""
    shifted = np.rint(numbers * 10.0**scale)
    with np.errstate(invalid="ignore"):
        too_big = np.abs(shifted) > MAX_SCALED
    valid = ~np.isnan(shifted) & ~too_big
    return Scaled(np.where(valid, shifted, 0).astype(np.int64), valid, bad | too_big)


def decimal_array(units: Whole, valid: Mask, kind: pa.Decimal128Type) -> pa.Array:
    """Scaled whole numbers as decimal128 without passing through Python objects."""
    words = np.empty((len(units), 2), dtype=np.int64)
    words[:, 0], words[:, 1] = units, units >> 63
    bitmap = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    return pa.Array.from_buffers(kind, len(units), [bitmap, pa.py_buffer(words.tobytes())])


def as_moments(array: pa.Array, *, zone: str, unit: str, pattern: str | None) -> Moments:
    """Timestamps in UTC: aware ones converted, naive ones taken in `zone`, numbers in `unit` since 1970.

    The pattern `EPOCH` says that text holds such numbers too, `EXCEL` that numbers and text are days of a spreadsheet.
    """
    kind, pattern = array.type, None if pattern == ISO_8601 else pattern
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _from_arrow(array, zone)
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if pattern == EXCEL and (numeric or pa.types.is_string(kind)):
        return _from_excel(array, zone)
    if numeric or (pattern == EPOCH and pa.types.is_string(kind)):
        return _from_numbers(array, unit)
    if pa.types.is_null(kind):
        nothing = np.zeros(len(array), dtype=bool)
        return Moments(np.zeros(len(array), dtype=np.int64), nothing, nothing)
    return _from_text(as_text(array), zone, unit, pattern)


def _from_numbers(array: pa.Array, unit: str) -> Moments:
    numbers, bad = as_numbers(array)
    micros_per_unit = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}[unit]
    return Moments(*scale_numbers(numbers * micros_per_unit, bad, 0))


def _from_arrow(array: pa.Array, zone: str) -> Moments:
    stamps = array.cast(pa.timestamp("us", tz=getattr(array.type, "tz", None)), safe=False)
    if stamps.type.tz is None:
        stamps = _localised(stamps, zone)
    valid = is_valid(stamps)
    micros = pc.fill_null(stamps.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return Moments(np.asarray(micros, dtype=np.int64), valid, np.zeros(len(array), dtype=bool))


def _from_excel(array: pa.Array, zone: str) -> Moments:
    """Days and parts of a day, to the millisecond: a spreadsheet keeps no more of a time of day."""
    if pa.types.is_string(array.type):
        array = pc.replace_substring(array, ",", ".")
    days, bad = as_numbers(array)
    far = np.abs(days) > _EXCEL_LAST_DAY
    days[far] = np.nan
    millis = scale_numbers((days + _EXCEL_DAY_ZERO) * 86_400_000, bad | far, 0)
    naive = pa.array(millis.units, mask=~millis.valid).cast(pa.timestamp("ms")).cast(pa.timestamp("us"))
    micros = pc.fill_null(_localised(naive, zone).cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return Moments(np.asarray(micros, dtype=np.int64), millis.valid, millis.bad)


def _localised(stamps: pa.Array, zone: str) -> pa.Array:
    if zone == "UTC":
        return stamps.cast(pa.timestamp("us", tz="UTC"))
    return pc.assume_timezone(stamps, zone, ambiguous="earliest", nonexistent="latest")


def _from_text(text: pa.Array, zone: str, unit: str, pattern: str | None) -> Moments:
    """Text in a notation; numbers that stand among other text, as in JSON beside a word, are numbers all the same."""
    if pattern is None and (stamps := _stamps(text)) is not None:
        return _from_arrow(stamps, zone)
    distinct = text.dictionary_encode()
    given = is_valid(text)
    if not len(distinct.dictionary):
        return Moments(np.zeros(len(text), dtype=np.int64), given, given)
    utc = _parsed(distinct.dictionary, zone, pattern)
    micros = utc.to_numpy().astype("datetime64[us]").astype(np.int64)
    known = utc.notna().to_numpy(copy=True)
    counted = mask_of(pc.match_substring_regex(distinct.dictionary, _COUNTED)) & (pattern is None)
    if counted.any():
        since = _from_numbers(distinct.dictionary, unit)
        micros, known = np.where(counted, since.micros, micros), np.where(counted, since.valid, known)
    codes = pc.fill_null(distinct.indices, 0).to_numpy(zero_copy_only=False)
    valid = given & known[codes]
    return Moments(np.where(valid, micros[codes], 0), valid, given & ~known[codes])


def _stamps(text: pa.Array) -> pa.Array | None:
    """All words as arrow reads them, a fiftieth of the time; None where it does not read each, or some have a zone."""
    for kind in (pa.timestamp("us", "UTC"), pa.timestamp("us")):
        try:
            return text.cast(kind)
        except pa.ArrowInvalid:
            pass
    return None


def _parsed(words: pa.Array, zone: str, pattern: str | None) -> pd.Series[Any]:
    """UTC without a zone; NaT where a word is no timestamp."""
    aware = _with_zone(words, pattern)
    texts: pd.Series[Any] = pd.Series(_countable(words).to_numpy(zero_copy_only=False), dtype=object)
    if aware.all():
        return _aware(texts, pattern)
    naive = _naive(texts if not aware.any() else texts.where(~aware), zone, pattern)
    return naive if not aware.any() else _aware(texts.where(aware), pattern).where(aware, naive)


def _countable(words: pa.Array) -> pa.Array:
    """Without what pandas would read as another moment: `now`, which is when the file is read, and GMT+2 as two hours
    behind."""
    odd = pc.or_(
        pc.invert(pc.match_substring_regex(words, "[0-9]")), pc.match_substring_regex(words, r"(?:UTC|GMT)\s*[+-]")
    )
    return pc.if_else(odd, None, words)


def _with_zone(words: pa.Array, pattern: str | None) -> Mask:
    """Which words say their zone themselves: in ISO 8601 each for itself, else as the pattern has it."""
    if pattern is None:
        return mask_of(pc.match_substring_regex(words, _ISO_WITH_ZONE))
    if pattern == MIXED:
        return np.array([_says_zone(word) for word in words.to_pylist()], dtype=bool)
    told = "%z" in pattern or "%Z" in pattern or pattern.endswith(("Z", "UTC", "GMT"))
    return np.full(len(words), told)


def _says_zone(word: str) -> bool:
    try:
        return pd.Timestamp(word).tzinfo is not None
    except (ValueError, OverflowError):
        return False


def _aware(texts: pd.Series[Any], pattern: str | None) -> pd.Series[Any]:
    if pattern is None:
        texts = texts.str.replace(r"\s*(?:UTC|GMT)$", "Z", regex=True)
    found = pd.to_datetime(texts, utc=True, errors="coerce", format=pattern or "ISO8601")
    return found.dt.as_unit("us").dt.tz_convert(None)


def _naive(texts: pd.Series[Any], zone: str, pattern: str | None) -> pd.Series[Any]:
    found = pd.to_datetime(texts, errors="coerce", format=pattern or "ISO8601", utc=True)
    placed = _localised(pa.array(found.dt.tz_localize(None).dt.as_unit("us")), zone).cast(pa.timestamp("us"))
    return pd.Series(placed.to_numpy(zero_copy_only=False))
