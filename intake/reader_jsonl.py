"""JSON-lines input, plain or compressed: a line that cannot be parsed is set aside, the others count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
import pyarrow as pa

from intake.chunk import Chunk, Malformed, names_read
from intake.compressed import opened
from intake.contract import SourceContract
from intake.event import IDENTIFIERS
from intake.log_line import payload
from intake.nested import column_from, root_of
from intake.sealed import Unseal

_CHUNK_BYTES = 32 << 20
_LINES_AT_ONCE = 1_000
_OBJECT = msgspec.json.Decoder(dict[str, Any])


def read_jsonl(contract: SourceContract, file: Path, rows: int, unseal: Unseal | None = None) -> Iterator[Chunk]:
    """Chunks of at most `rows` lines and about `_CHUNK_BYTES`; blank lines are no rows."""
    first = 1
    with opened(file) as handle:
        while lines := _next_lines(handle, rows):
            yield _chunk(contract, lines, first, unseal)
            first += len(lines)


def _next_lines(handle: IO[bytes], rows: int) -> list[bytes]:
    lines: list[bytes] = []
    left = _CHUNK_BYTES
    while left > 0 and (more := list(islice(handle, min(_LINES_AT_ONCE, rows - len(lines))))):
        lines += more
        left -= sum(map(len, more))
    return lines


def _chunk(contract: SourceContract, lines: list[bytes], first: int, unseal: Unseal | None) -> Chunk:
    records: list[Mapping[str, Any]] = []
    kept: list[int] = []
    malformed: list[Malformed] = []
    for position, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            record = _OBJECT.decode(payload(line))
            content = unseal(record) if unseal else None
            if content is not None:
                lines[position], record = content, _OBJECT.decode(content)
            records.append(record)
            kept.append(position)
        except (msgspec.DecodeError, ValueError, RecursionError):
            malformed.append(Malformed(first + position, "malformed_record", line.rstrip(b"\r\n")))
    originals = [lines[position].rstrip(b"\r\n") for position in kept]
    numbers = np.array(kept, dtype=np.int64) + first
    return Chunk(_table(contract, records), numbers, tuple(malformed), originals)


def _table(contract: SourceContract, records: Sequence[Mapping[str, Any]]) -> pa.Table:
    lists = {spec.column for spec in contract.identifiers if spec.type is None}
    columns = {
        name: _column([record.get(name) for record in records], name in lists) for name in _names(contract, records)
    }
    return pa.table(columns)


def _names(contract: SourceContract, records: Iterable[Mapping[str, Any]]) -> list[str]:
    read = names_read(contract)
    given = dict.fromkeys(name for record in records for name in record)
    if contract.properties != "rest":
        given = {name: None for name in given if name in read}
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
