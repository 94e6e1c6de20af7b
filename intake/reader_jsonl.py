"""JSON-lines input, plain or gzipped: a line that cannot be parsed is set aside, the others count."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import msgspec
import numpy as np
import pyarrow as pa

from intake.chunk import Chunk, Malformed, with_aliases
from intake.contract import SourceContract
from intake.event import IDENTIFIERS
from intake.log_line import payload

_OBJECT = msgspec.json.Decoder(dict[str, Any])


def read_jsonl(contract: SourceContract, file: Path, rows: int) -> Iterator[Chunk]:
    """Chunks of `rows` lines; blank lines are no rows."""
    first = 1
    with _opened(file) as handle:
        while lines := list(islice(handle, rows)):
            yield _chunk(contract, lines, first)
            first += len(lines)


def _opened(file: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _chunk(contract: SourceContract, lines: Sequence[bytes], first: int) -> Chunk:
    records: list[Mapping[str, Any]] = []
    kept: list[int] = []
    malformed: list[Malformed] = []
    for position, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            records.append(_OBJECT.decode(payload(line)))
            kept.append(position)
        except (msgspec.DecodeError, ValueError):
            malformed.append(Malformed(first + position, "malformed_record", line.rstrip(b"\r\n")))
    originals = [lines[position].rstrip(b"\r\n") for position in kept]
    numbers = np.array(kept, dtype=np.int64) + first
    table = with_aliases(_table(contract, records), contract)
    return Chunk(table, numbers, tuple(malformed), originals)


def _table(contract: SourceContract, records: Sequence[Mapping[str, Any]]) -> pa.Table:
    lists = {spec.column for spec in contract.identifiers if spec.type is None}
    columns = {
        name: _column([record.get(name) for record in records], name in lists) for name in _names(contract, records)
    }
    return pa.table(columns)


def _names(contract: SourceContract, records: Iterable[Mapping[str, Any]]) -> list[str]:
    aliases = {alias for names in contract.aliases.values() for alias in names}
    named = sorted(contract.source_columns() | aliases)
    if contract.properties != "rest":
        return named
    return list(dict.fromkeys([*named, *(name for record in records for name in record)]))


def _column(values: Sequence[Any], is_identifier_list: bool) -> pa.Array:
    if is_identifier_list:
        return pa.array([_identifiers(value) for value in values], IDENTIFIERS)
    try:
        array = pa.array(values)
        if not pa.types.is_nested(array.type):
            return array
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass
    return pa.array([_as_text(value) for value in values], pa.string())


def _identifiers(value: Any) -> list[dict[str, str]] | None:
    if not isinstance(value, list):
        return None
    pairs = [entry for entry in value if isinstance(entry, dict)]
    return [{"type": str(pair.get("type")), "value": str(pair["value"])} for pair in pairs if pair.get("value")]


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
