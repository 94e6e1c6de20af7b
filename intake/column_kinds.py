"""Of what kind the values of a column are, as far as the contract depends on it."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pyarrow as pa

from intake.contract import SourceContract
from intake.nested import root_of
from intake.number_style import numeric_columns, plain_columns
from intake.values import as_moments, as_numbers, as_text, flat, is_valid

Role = Literal["number", "moment"]
UNKNOWN: Final = ""
_MOST = 0.5


def roles_of(contract: SourceContract) -> dict[str, Role]:
    """Columns that must be numbers or timestamps; of objects nothing is said."""
    moments = set(contract.columns["occurred_at"].columns()) | {contract.arrival.column or ""}
    found: tuple[tuple[Role, set[str]], ...] = (("number", numeric_columns(contract)), ("moment", moments))
    return {name: role for role, names in found for name in names if name and name == root_of(name)}


def kind_of(column: pa.ChunkedArray, role: Role | None, contract: SourceContract) -> str:
    """`number`, `moment`, `text`, … or `UNKNOWN` for a column without values.

    Where the contract needs numbers or timestamps, text counts as such when most of it can be read; elsewhere the kind
    is told only by files with types of their own.
    """
    values = flat(column)
    if values.null_count == len(values) or (pa.types.is_string(values.type) and not is_valid(as_text(values)).any()):
        return UNKNOWN
    if role == "number":
        plain = plain_columns(pa.table({"values": values}), ["values"], contract.numbers).column(0)
        return "number" if not _mostly(as_numbers(flat(plain))[1], values) else "text"
    if role == "moment":
        return _kind_of_moment(values, contract)
    return _own_kind(values.type) if contract.format == "parquet" else UNKNOWN


def _kind_of_moment(values: pa.Array, contract: SourceContract) -> str:
    own = _own_kind(values.type)
    if own != "text":
        return own
    read = as_moments(values, zone=contract.time_zone, unit=contract.time_unit, pattern=contract.time_format)
    return "moment" if not _mostly(read.bad, values) else "text"


def _mostly(bad: np.ndarray[tuple[int], np.dtype[np.bool_]], values: pa.Array) -> bool:
    return bool(bad.sum() > _MOST * int(is_valid(as_text(values)).sum()))


def _own_kind(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _own_kind(kind.value_type)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "moment"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_boolean(kind):
        return "flag"
    return "object" if pa.types.is_nested(kind) else "text"
