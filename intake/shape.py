"""Brings the rows of a chunk into the shape that mapping reads: one row an element, paths and aliases as columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.chunk import Chunk, Malformed
from intake.contract import SourceContract
from intake.contract_terms import Rule
from intake.expressions import rule_mask
from intake.nested import column_from, decoded, with_paths
from intake.number_style import numeric_columns, plain_columns
from intake.values import as_text, flat, plain_objects


def shaped(chunk: Chunk, contract: SourceContract) -> Chunk:
    """The chunk with the columns that the contract names."""
    if not chunk.table.num_columns:
        return chunk
    chunk = _unnested(chunk, contract.unnest) if contract.unnest else chunk
    table = _with_aliases(with_paths(chunk.table, contract.names_looked_up()), contract)
    chunk = chunk.with_table(plain_columns(table, numeric_columns(contract), contract.numbers))
    return _without_skipped(chunk, contract.skip) if contract.skip else chunk


def _without_skipped(chunk: Chunk, rules: tuple[Rule, ...]) -> Chunk:
    kept = np.flatnonzero(~np.logical_or.reduce([rule_mask(chunk.table, rule) for rule in rules]))
    return chunk.taken(chunk.table.take(pa.array(kept)), kept)


def _unnested(chunk: Chunk, name: str) -> Chunk:
    """A row for each element of an array; a row whose value is no array is malformed, one without any adds nothing."""
    if name not in chunk.table.column_names:
        return chunk.with_table(chunk.table.slice(0, 0))
    arrays = [decoded(value) for value in plain_objects(chunk.table.column(name))]
    odd = [row for row, value in enumerate(arrays) if not isinstance(value, list | None)]
    counts = [len(value) if isinstance(value, list) else 0 for value in arrays]
    rows = np.repeat(np.arange(len(arrays)), counts)
    elements: list[Any] = [element for value in arrays if isinstance(value, list) for element in value]
    position = chunk.table.column_names.index(name)
    malformed = [
        Malformed(int(chunk.row_numbers[row]), f"invalid_json:{name}", original)
        for row, original in zip(odd, chunk.originals(np.array(odd, dtype=np.int64)), strict=True)
    ]
    table = chunk.table.take(pa.array(rows)).set_column(position, name, column_from(elements))
    places = np.concatenate([np.arange(count) for count in counts] or [np.array([], dtype=np.int64)])
    taken = chunk.taken(table, rows)
    return replace(taken, malformed=(*chunk.malformed, *malformed), elements=places, unnested=name)


def _with_aliases(table: pa.Table, contract: SourceContract) -> pa.Table:
    """Aliased columns under their canonical name; where both are filled the canonical one wins."""
    named = contract.source_columns()
    for name, aliases in contract.aliases.items():
        found = [alias for alias in aliases if alias in table.column_names]
        if not found:
            continue
        sources = [flat(table.column(column)) for column in ([name] if name in table.column_names else []) + found]
        replaced = [*(alias for alias in found if alias not in named), *([name] if name in table.column_names else [])]
        table = table.drop_columns(replaced).append_column(name, _first_given(sources))
    return table


def _first_given(sources: list[pa.Array]) -> pa.Array:
    if len({source.type for source in sources}) > 1 or pa.types.is_string(sources[0].type):
        sources = [as_text(source) for source in sources]
    return pc.coalesce(*sources)
