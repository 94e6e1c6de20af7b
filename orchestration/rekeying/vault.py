"""The vault: whose record a row is, and the hashes of its e-mail and phone."""

from __future__ import annotations

import pyarrow.parquet as pq

from intake.atomic_file import write_private_table
from intake.project import Project
from intake.values import flat
from orchestration.rekeying.values import renewed

COLUMNS = ("identifier_value", "record_value", "email_hash", "phone_hash")


def rewrite(project: Project, key: bytes) -> int:
    """Rewrite the files with older hashes; values that changed."""
    changed = 0
    for file in sorted(project.paths.vault.rglob("*.parquet")):
        rows = pq.read_table(file)
        count = 0
        for name in COLUMNS:
            if name in rows.column_names:
                column, more = renewed(key, flat(rows.column(name)))
                rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
                count += more
        if count:
            write_private_table(rows, file)
        changed += count
    return changed
