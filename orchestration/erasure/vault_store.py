"""Erasure in the vault: rows of the person go; in rows of others, what names the person becomes empty."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.atomic_file import write_private_table
from intake.project import Project
from intake.values import Mask, flat, mask_of
from orchestration.erasure.matching import mentions_of
from orchestration.erasure.scope import Scope

_WHOSE = ("identifier_value", "record_value")
_KNOWN = {"event_id", "occurred_at", "received_at", "source", "identifier_type", "record_type"}


def survey(project: Project, scope: Scope) -> None:
    """Learn their identifiers in clear, for the scan at the end."""
    mentions = mentions_of(project, scope)
    for file in files(project):
        rows = pq.read_table(file)
        mine = rows.filter(pa.array(theirs(rows, scope)))
        for name in _clear_columns(mine):
            found = pc.unique(flat(mine.column(name))).to_pylist()
            scope.clear |= {value.strip() for value in found if isinstance(value, str) and mentions.names(value)}


def erase(project: Project, scope: Scope) -> int:
    """Rewrite the files that name them; rows that went."""
    mentions, gone = mentions_of(project, scope), 0
    for file in files(project):
        rows = pq.read_table(file)
        goes = theirs(rows, scope)
        kept, changed = rows.filter(pa.array(~goes)), bool(goes.any())
        for name in kept.column_names:
            column = flat(kept.column(name))
            if name in _KNOWN or not pa.types.is_string(column.type):
                continue
            blank = _named(column, mentions.names)
            if blank.any():
                place, changed = kept.schema.get_field_index(name), True
                kept = kept.set_column(place, name, pc.if_else(pa.array(blank), None, column))
        if changed:
            _store(kept, file)
        gone += int(goes.sum())
    return gone


def files(project: Project) -> list[Path]:
    """The vault's files."""
    return sorted(project.paths.vault.rglob("*.parquet"))


def theirs(rows: pa.Table, scope: Scope) -> Mask:
    """Rows of the vault that speak of them."""
    own = pa.array(list(scope.hashes), pa.string())
    found = mask_of(flat(pc.is_in(rows.column("event_id"), value_set=pa.array(list(scope.event_ids), pa.string()))))
    for name in _WHOSE:
        if name in rows.column_names:
            found |= mask_of(flat(pc.is_in(rows.column(name), value_set=own)))
    return found


def _named(column: pa.Array, names: object) -> Mask:
    words = column.dictionary_encode()
    is_named = pa.array([bool(value) and names(value) for value in words.dictionary.to_pylist()], pa.bool_())  # type: ignore[operator]
    return (
        mask_of(is_named.take(words.indices)) if len(words.dictionary) else mask_of(pa.nulls(len(column), pa.bool_()))
    )


def _store(rows: pa.Table, file: Path) -> None:
    if rows.num_rows:
        write_private_table(rows, file)
    else:
        file.unlink()


def _clear_columns(rows: pa.Table) -> list[str]:
    skipped = {*_KNOWN, *_WHOSE, "email_hash", "phone_hash"}
    return [field.name for field in rows.schema if field.name not in skipped and pa.types.is_string(field.type)]
