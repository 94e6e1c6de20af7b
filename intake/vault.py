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
from intake.matching_roles import ROLES
from intake.paths import DataPaths
from intake.values import as_text, flat, is_valid
from intake.vault_roles import record_columns, role_columns

_WHEN = ("event_id", "occurred_at", "received_at")
_WHOSE = ("source", "identifier_type", "identifier_value", "record_type", "record_value", "email_hash", "phone_hash")


def clear_columns(rows: pa.Table) -> list[str]:
    """Columns of the vault that say something in clear: all but when, whose and where from."""
    said = [field.name for field in rows.schema if pa.types.is_string(field.type)]
    return [name for name in said if name not in (*_WHEN, *_WHOSE)]


def vault_rows(heads: pa.Table, events: pa.Table, contract: SourceContract) -> pa.Table:
    """The personal columns of accepted events beside the event id and its strongest identifier.

    Where the contract maps matching roles: also whose record it is, and a column for each role. A personal column
    with the name of a role that it does not have is kept as `source_<name>`.

    Args:
        heads: source rows that speak for the events, in the same order.
        events: rows of `EVENT_SCHEMA`.
    """
    lists = flat(events.column("identifiers"))
    has_one = pc.greater(pc.list_value_length(lists), 0)
    strongest = _first_of(lists, np.asarray(has_one.to_numpy(zero_copy_only=False), dtype=bool))
    columns = {name: flat(events.column(name)) for name in (*_WHEN, "source")}
    columns["identifier_type"] = pc.struct_field(strongest, "type")
    columns["identifier_value"] = pc.struct_field(strongest, "value")
    personal = _personal(heads, contract)
    if contract.matching:
        columns |= record_columns(lists)
    given = np.logical_or.reduce([is_valid(values) for values in personal.values()])
    return pa.table({**columns, **personal}).filter(pa.array(given))


def _personal(heads: pa.Table, contract: SourceContract) -> dict[str, pa.Array]:
    if contract.matching is None:
        return {name: as_text(column_of(heads, name)) for name in contract.personal_data}
    mapped = contract.matching.columns()
    others = {
        f"source_{name}" if name in ROLES else name: as_text(column_of(heads, name))
        for name in contract.personal_data
        if name not in mapped
    }
    return role_columns(heads, contract.matching) | others


def write_vault(paths: DataPaths, tables: list[pa.Table], source: str, batch_id: str) -> Path | None:
    """Write a batch's personal data with mode 600 in a folder of mode 700; None when there is none.

    What one identifier says again and again is kept once, with the event that arrived first.
    """
    everything = pa.concat_tables(tables) if tables else pa.table({})
    if not everything.num_rows:
        return None
    everything = everything.take(pc.sort_indices(everything.column("received_at")))
    said = [name for name in everything.column_names if name not in _WHEN]
    again = everything.select(said).to_pandas().duplicated().to_numpy()
    file = paths.vault / vault_file_name(source, batch_id)
    write_private_table(everything.filter(pa.array(~again)), file)
    return file


def vault_file_name(source: str, batch_id: str) -> str:
    """Name of a batch's file in the vault."""
    return f"{source}-{batch_id[:HASH_IN_NAME]}.parquet"


def _first_of(lists: pa.Array, has_one: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pa.Array:
    starts = np.asarray(lists.offsets.to_numpy(zero_copy_only=False)[:-1], dtype=np.int64)
    return lists.values.take(pa.array(starts, mask=~has_one))
