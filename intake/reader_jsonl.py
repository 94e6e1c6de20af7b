"""JSON-lines input, plain or compressed: a line that cannot be parsed is set aside, the others count."""

from __future__ import annotations

import gc
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice, repeat
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from intake.chunk import Chunk, Malformed, UnreadableInputError
from intake.compressed import opened
from intake.contract import SourceContract
from intake.event import IDENTIFIERS
from intake.json_record import BYTE_ORDER_MARK, OBJECT, objects_in, record_of
from intake.log_line import payload
from intake.nested import column_from, root_of
from intake.sealed import FIELD, Unseal
from intake.source_columns import ColumnWatch
from intake.values import Whole

_CHUNK_BYTES = 32 << 20
_LINES_AT_ONCE = 1_000
_SEALED = FIELD.encode()


def read_jsonl(
    contract: SourceContract, file: Path, rows: int, watch: ColumnWatch | None = None, unseal: Unseal | None = None
) -> Iterator[Chunk]:
    """Chunks of at most `rows` lines and about `_CHUNK_BYTES`; blank lines are no rows.

    Rows are numbered as lines are, but those of a line that is an array of objects count one each.
    """
    first = 1
    with opened(file) as handle:
        while lines := _next_lines(handle, rows):
            if first == 1:
                lines[0] = _without_mark(lines[0], file)
            if any(line.startswith(b"[") for line in lines):
                lines = [part for line in lines for part in objects_in(line)]
            yield json_chunk(contract, lines, first, watch, unseal)
            first += len(lines)


def _without_mark(line: bytes, file: Path) -> bytes:
    if line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise UnreadableInputError(f"{file}: written in UTF-16; JSON lines are UTF-8 (iconv -f utf-16 -t utf-8)")
    return line.removeprefix(BYTE_ORDER_MARK)


def _next_lines(handle: IO[bytes], rows: int) -> list[bytes]:
    lines: list[bytes] = []
    left = _CHUNK_BYTES
    while left > 0 and (more := list(islice(handle, min(_LINES_AT_ONCE, rows - len(lines))))):
        lines += more
        left -= sum(map(len, more))
    return lines


def json_chunk(
    contract: SourceContract, lines: list[bytes], first: int, watch: ColumnWatch | None, unseal: Unseal | None
) -> Chunk:
    """The rows of these lines, of which the first is number `first`."""
    found = _all_sound(lines, unseal) or _one_by_one(lines, first, unseal)
    names = _names_in(found.records)
    flowing = watch.flowing(names) if watch else ()
    originals = lines if len(found.kept) == len(lines) else [lines[position] for position in found.kept.tolist()]
    table = _table(contract, found.records, names, flowing)
    return Chunk(table, found.kept + first, tuple(found.malformed), originals, names=names)


class _Found(NamedTuple):
    """Records, their places among the lines, and the lines that are none."""

    records: list[dict[str, Any]]
    kept: Whole
    malformed: list[Malformed]


def _all_sound(lines: list[bytes], unseal: Unseal | None) -> _Found | None:
    """All lines at once, which takes half the time; None where a line is anything but one plain object.

    Each line opens and closes a brace, so none runs on into the next; then as many objects as lines is one each.
    """
    whole = b"".join(lines)
    if unseal is not None and _SEALED in whole:
        return None
    if not all(line.startswith(b"{") and line.rstrip().endswith(b"}") for line in lines):
        return None
    try:
        with _uncollected():
            records = OBJECT.decode_lines(whole)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return _Found(records, np.arange(len(lines)), []) if len(records) == len(lines) else None


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: records hold none, and counting new ones takes a quarter of the decoding."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _one_by_one(lines: list[bytes], first: int, unseal: Unseal | None) -> _Found:
    found = _Found([], np.array([], dtype=np.int64), [])
    kept: list[int] = []
    for position, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            record = record_of(payload(line))
            content = unseal(record) if unseal else None
            if content is not None:
                lines[position], record = content, record_of(content)
            found.records.append(record)
            kept.append(position)
        except (msgspec.DecodeError, ValueError, RecursionError):
            found.malformed.append(Malformed(first + position, "malformed_record", line.rstrip(b"\r\n")))
    return found._replace(kept=np.array(kept, dtype=np.int64))


def _table(
    contract: SourceContract, records: list[dict[str, Any]], given: Sequence[str], flowing: Sequence[str]
) -> pa.Table:
    lists = {spec.column for spec in contract.identifiers if spec.type is None}
    names = _names(contract, given, flowing)
    # The method is called from C: a third of the time of a comprehension.
    return pa.table({name: _column(list(map(dict.get, records, repeat(name))), name in lists) for name in names})


def _names_in(records: list[dict[str, Any]]) -> tuple[str, ...]:
    """Names in the order in which they first appear; the first record usually has them all."""
    first = tuple(records[0]) if records else ()
    every = set[str]().union(*records)
    return first if len(every) == len(first) else tuple(dict.fromkeys(chain.from_iterable(records)))


def _names(contract: SourceContract, given: Sequence[str], flowing: Sequence[str]) -> list[str]:
    read = contract.names_looked_up()
    if contract.properties != "rest":
        given = [name for name in given if name in read or name in flowing]
    return list(dict.fromkeys([*sorted({root_of(name) for name in read}), *given]))


def _column(values: Sequence[Any], is_identifier_list: bool) -> pa.Array:
    if is_identifier_list:
        return pa.array([_identifiers(value) for value in values], IDENTIFIERS)
    return column_from(values)


def _identifiers(value: Any) -> list[dict[str, str]] | None:
    if not isinstance(value, list):
        return None
    pairs = [entry for entry in value if isinstance(entry, dict)]
    return [{"type": str(pair.get("type")), "value": str(pair["value"])} for pair in pairs if pair.get("value")]
