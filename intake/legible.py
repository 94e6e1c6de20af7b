"""Source text whose bytes are no UTF-8: what cannot be read is marked, the row stays."""

from __future__ import annotations

import codecs
import io
from typing import IO

import pyarrow as pa

from intake.values import flat

_PIECE_BYTES = 1 << 20


class InUtf8(io.RawIOBase):
    """A file in another encoding as the same text in UTF-8; bytes that are none in it become U+FFFD."""

    def __init__(self, content: IO[bytes], encoding: str) -> None:
        self._content, self._pending = content, b""
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as the next piece of the content goes; 0 at its end."""
        while not self._pending:
            piece = self._content.read(_PIECE_BYTES)
            self._pending = self._decoder.decode(piece, final=not piece).encode()
            if not piece:
                break
        taken = min(len(buffer), len(self._pending))
        buffer[:taken], self._pending = self._pending[:taken], self._pending[taken:]
        return taken


def legible(table: pa.Table) -> pa.Table:
    """The table with every unreadable byte of a text column as U+FFFD, which no identifier may contain."""
    for position, field in enumerate(table.schema):
        if _is_text(field.type):
            table = table.set_column(position, field.name, _legible(flat(table.column(position))))
    return table


def without_views(table: pa.Table) -> pa.Table:
    """The table with text and lists in the plain layout: arrow computes little with views, which some writers use."""
    kinds = [_plain(field.type) for field in table.schema]
    if kinds == table.schema.types:
        return table
    return table.cast(pa.schema([field.with_type(kind) for field, kind in zip(table.schema, kinds, strict=True)]))


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_plain(kind.key_type), _plain(kind.item_type))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_plain(kind.value_type)))
    if pa.types.is_list(kind) or pa.types.is_list_view(kind):
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type)))
    if pa.types.is_dictionary(kind) and _plain(kind.value_type) != kind.value_type:
        return _plain(kind.value_type)
    return kind


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _legible(column: pa.Array) -> pa.Array:
    large = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    raw = column.view(pa.large_binary() if large else pa.binary())
    try:
        return raw.cast(pa.large_string() if large else pa.string())
    except pa.ArrowInvalid:
        words = [None if value is None else value.decode("utf-8", errors="replace") for value in raw.to_pylist()]
        return pa.array(words, pa.string())
