"""Quarantined originals as rows again, under the contract of today."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.chunk import Chunk, Malformed
from intake.column_kinds import roles_of
from intake.contract import SourceContract
from intake.csv_head import spelt_as_in
from intake.nested import column_from, root_of
from intake.quarantine import QuarantinedRow
from intake.reader_jsonl import json_chunk
from intake.readers import watched
from intake.sealed import Unseal
from intake.shape import shaped
from intake.source_columns import ColumnWatch
from intake.values import mask_of

_RECORD = msgspec.json.Decoder(dict[str, Any])
_ISO = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d"


def replayed_chunk(
    contract: SourceContract, rows: Sequence[QuarantinedRow], header: Sequence[str], watch: ColumnWatch, unseal: Unseal
) -> Chunk:
    """The rows as a chunk whose row numbers are their places in `rows`.

    Args:
        header: columns of the file, for lines of a CSV file that could not be split.
    """
    if contract.format == "jsonl":
        chunk = json_chunk(contract, [row.original for row in rows], 0, watch, unseal)
    else:
        chunk = _table_chunk(contract, rows, header)
    return shaped(watched(chunk, contract, watch), contract)


def _table_chunk(contract: SourceContract, rows: Sequence[QuarantinedRow], header: Sequence[str]) -> Chunk:
    records: list[dict[str, Any]] = []
    places: list[int] = []
    malformed: list[Malformed] = []
    for place, row in enumerate(rows):
        record = _record(contract, row.original, header)
        if record is None:
            malformed.append(Malformed(place, "malformed_record", row.original))
        else:
            records.append(_as_spelt_today(contract, record))
            places.append(place)
    names = tuple(dict.fromkeys(name for record in records for name in record))
    whole = pa.table({name: column_from([record.get(name) for record in records]) for name in names})
    read = contract.names_looked_up()
    wanted = set(names) if contract.properties == "rest" else read | {root_of(name) for name in read}
    table = _with_times(whole, contract).select([name for name in names if name in wanted])
    return Chunk(table, np.array(places, dtype=np.int64), tuple(malformed), source=whole, names=names)


def _as_spelt_today(contract: SourceContract, record: dict[str, Any]) -> dict[str, Any]:
    if contract.format != "csv":
        return record
    return dict(zip(spelt_as_in(contract, map(str.strip, record)), record.values(), strict=True))


def _record(contract: SourceContract, original: bytes, header: Sequence[str]) -> dict[str, Any] | None:
    try:
        return _RECORD.decode(original)
    except (msgspec.DecodeError, ValueError):
        pass
    text = original.decode("utf-8", errors="replace")
    fields = text.split(contract.delimiter)
    if contract.quoting:
        try:
            fields = next(csv.reader([text], delimiter=contract.delimiter), [])
        except csv.Error:
            return None
    return dict(zip(header, fields, strict=True)) if header and len(fields) == len(header) else None


def _with_times(table: pa.Table, contract: SourceContract) -> pa.Table:
    """Timestamps of parquet files stand as ISO text in the originals, whatever format the contract gives for text."""
    if contract.format != "parquet" or contract.time_format is None:
        return table
    for name in [name for name, role in roles_of(contract).items() if role == "moment" and name in table.column_names]:
        column = table.column(name)
        if pa.types.is_string(column.type) and mask_of(pc.match_substring_regex(column, _ISO)).all():
            moments = pc.cast(column, pa.timestamp("us", tz="UTC"))
            table = table.set_column(table.column_names.index(name), name, moments)
    return table
