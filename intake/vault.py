"""Personal data in clear, apart from everything else; only identity matching reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.atomic_file import write_private_table
from intake.contract import SourceContract
from intake.expressions import column_of
from intake.lake import HASH_IN_NAME
from intake.paths import DataPaths
from intake.values import as_text, flat, is_valid


def vault_rows(heads: pa.Table, events: pa.Table, contract: SourceContract) -> pa.Table:
    """The personal columns of accepted events beside the event id and its strongest identifier.

    Args:
        heads: source rows that speak for the events, in the same order.
        events: rows of `EVENT_SCHEMA`.
    """
    lists = flat(events.column("identifiers"))
    has_one = pc.greater(pc.list_value_length(lists), 0)
    strongest = _first_of(lists, np.asarray(has_one.to_numpy(zero_copy_only=False), dtype=bool))
    columns = {
        "event_id": flat(events.column("event_id")),
        "occurred_at": flat(events.column("occurred_at")),
        "identifier_type": pc.struct_field(strongest, "type"),
        "identifier_value": pc.struct_field(strongest, "value"),
    }
    personal = {name: as_text(column_of(heads, name)) for name in contract.personal_data}
    given = np.logical_or.reduce([is_valid(values) for values in personal.values()])
    return pa.table({**columns, **personal}).filter(pa.array(given))


def write_vault(paths: DataPaths, tables: list[pa.Table], source: str, batch_id: str) -> Path | None:
    """Write a batch's personal data with mode 600 in a folder of mode 700; None when there is none.

    What one identifier says again and again is kept once, with the event that said it first.
    """
    everything = pa.concat_tables(tables) if tables else pa.table({})
    if not everything.num_rows:
        return None
    said = [name for name in everything.column_names if name not in ("event_id", "occurred_at")]
    again = everything.select(said).to_pandas().duplicated().to_numpy()
    file = paths.vault / f"{source}-{batch_id[:HASH_IN_NAME]}.parquet"
    write_private_table(everything.filter(pa.array(~again)), file)
    return file


def _first_of(lists: pa.Array, has_one: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pa.Array:
    starts = np.asarray(lists.offsets.to_numpy(zero_copy_only=False)[:-1], dtype=np.int64)
    return lists.values.take(pa.array(starts, mask=~has_one))
