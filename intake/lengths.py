"""Text that is too long to be what its field says: a whole page in the cell of a product's name."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.reasons import Reasons
from intake.values import Mask, flat

LONGEST_TEXT: Final = 8_192
"""Bytes of one text field or personal value; browsers and servers cut addresses of pages there or before."""

LONGEST_PROPERTIES: Final = 262_144
"""Bytes of an event's properties, an order's lines among them; Segment's limit for a whole event is 32,768."""


def mark_long_fields(events: pa.Table, reasons: Reasons) -> None:
    """Mark `too_long:<field>` where a text field of an event is longer than it may be."""
    for field in events.schema:
        if pa.types.is_string(field.type):
            limit = LONGEST_PROPERTIES if field.name == "properties" else LONGEST_TEXT
            _mark(flat(events.column(field.name)), field.name, limit, reasons)


def mark_long_columns(heads: pa.Table, names: tuple[str, ...], reasons: Reasons) -> None:
    """Mark `too_long:<column>` where one of these text columns of the source is longer than a field may be."""
    for name in names:
        if name in heads.column_names:
            _mark(flat(heads.column(name)), name, LONGEST_TEXT, reasons)


def _mark(values: pa.Array, name: str, limit: int, reasons: Reasons) -> None:
    if isinstance(values, pa.DictionaryArray):
        values = values.dictionary_decode()
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        lengths = pc.binary_length(values)
        if (pc.max(lengths).as_py() or 0) > limit:
            reasons.mark(_true(pc.greater(lengths, limit)), f"too_long:{name}")


def _true(flags: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(flags, False).to_numpy(zero_copy_only=False), dtype=bool)
