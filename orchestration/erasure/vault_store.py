"""Erasure in the vault: rows of the person go; what names the person in rows of others goes out of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.atomic_file import write_private_table
from intake.mentions import each_text
from intake.project import Project
from intake.values import Mask, flat, mask_of
from intake.vault import clear_columns
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
        for name in clear_columns(mine):
            found = pc.unique(flat(mine.column(name))).to_pylist()
            scope.clear |= {value.strip() for value in found if isinstance(value, str) and mentions.names(value)}
        for name in clear_columns(rows):
            for value in pc.unique(flat(rows.column(name))).to_pylist():
                scope.clear |= mentions.words_in(value) if value else set()


def erase(project: Project, scope: Scope) -> int:
    """Rewrite the files that name them; rows that went."""
    mentions, gone = mentions_of(project, scope), 0
    for file in files(project):
        rows = pq.read_table(file)
        goes = theirs(rows, scope)
        staying = kept = rows.filter(pa.array(~goes))
        for field in rows.schema:
            if field.name not in _KNOWN and pa.types.is_string(field.type):
                kept = each_text(kept, field.name, mentions.left_of)
        if kept is not staying or goes.any():
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


def _store(rows: pa.Table, file: Path) -> None:
    if rows.num_rows:
        write_private_table(rows, file)
    else:
        file.unlink()
