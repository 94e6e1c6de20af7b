"""What the vault keeps for identity matching: whose record a row is, and its clear columns by role."""

from __future__ import annotations

from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from intake.expressions import column_of
from intake.identifiers import first_of_type
from intake.matching_roles import Matching
from intake.values import as_text, is_valid

RECORD_TYPES: Final = ("crm_id", "pos_id", "login", "loyalty_id", "email", "phone")
"""What names a record, first present: the ids of records before those of people."""

BIRTH_DATE_FORMATS: Final = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y")
"""Tried in this order where the contract names no format."""

_EARLIEST, _LATEST, _NOBODYS = "1880-01-01", "2100-01-01", ("1900-01-01", "1970-01-01")
"""Dates outside the first two are no birth dates; the others are what systems write when they know none."""


def record_columns(lists: pa.Array) -> dict[str, pa.Array]:
    """The record's own id (type and hash) and the hashes of its e-mail and phone, from lists of identifiers."""
    kind, value = pa.nulls(len(lists), pa.string()), pa.nulls(len(lists), pa.string())
    for name in RECORD_TYPES:
        found = first_of_type(lists, name)
        kind = pc.coalesce(kind, pc.if_else(pc.is_valid(found), name, None))
        value = pc.coalesce(value, found)
    return {
        "record_type": kind,
        "record_value": value,
        "email_hash": first_of_type(lists, "email"),
        "phone_hash": first_of_type(lists, "phone"),
    }


def role_columns(heads: pa.Table, matching: Matching) -> dict[str, pa.Array]:
    """A text column for each role of `ROLES`; birth dates as YYYY-MM-DD, null where they are none."""
    columns = {role: _joined(heads, names) for role, names in matching.roles()}
    return columns | {"birth_date": _dates(columns["birth_date"], matching.birth_date_format)}


def _joined(heads: pa.Table, names: tuple[str, ...]) -> pa.Array:
    parts = [as_text(column_of(heads, name)) for name in names]
    if not parts:
        return pa.nulls(heads.num_rows, pa.string())
    if len(parts) == 1:
        return parts[0]
    text = as_text(pc.binary_join_element_wise("", *parts, " ", null_handling="skip"))
    return pc.if_else(_any_given(parts), text, None)


def _any_given(parts: list[pa.Array]) -> pa.Array:
    given = pa.array(is_valid(parts[0]))
    for part in parts[1:]:
        given = pc.or_(given, pa.array(is_valid(part)))
    return given


def _misspelt(words: pd.Series) -> pd.Series:
    """Digits in the shape of a date that no calendar has: a slip in one of them still leaves most of it to compare."""
    parts = words.astype("str").str.extract(r"^(\d{4})-?(\d{2})-?(\d{2})$")
    return parts[0] + "-" + parts[1] + "-" + parts[2]


def _dates(text: pa.Array, pattern: str | None) -> pa.Array:
    words = text.dictionary_encode()
    distinct = pd.Series(words.dictionary.to_pylist(), dtype=object)
    if pattern is None:
        distinct = distinct.str.replace(r"[T ]\d{2}:.*$", "", regex=True)
    dates = pd.Series(pd.NaT, index=distinct.index, dtype="datetime64[s]")
    for form in [pattern] if pattern else BIRTH_DATE_FORMATS:
        dates = dates.fillna(pd.to_datetime(distinct, format=form, errors="coerce").astype("datetime64[s]"))
    iso = dates.dt.strftime("%Y-%m-%d").fillna(_misspelt(distinct))
    iso = iso.where((iso >= _EARLIEST) & (iso < _LATEST) & ~iso.isin(_NOBODYS))
    return pa.array(iso.tolist(), pa.string(), from_pandas=True).take(words.indices)
