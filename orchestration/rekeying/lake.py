"""The lake: each file is replaced in place by one with the same rows in the same order and new hashes."""

from __future__ import annotations

import pyarrow.parquet as pq

from intake.atomic_file import sync
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.rekeying.values import renewed_lists


def rewrite(project: Project, key: bytes) -> int:
    """Rewrite the files with older hashes; identifiers that changed.

    Path, rows and their order stay, and with them everything that runs know of the file: no day is rebuilt.
    """
    changed = 0
    ops = OpsStore(project.paths)
    visible = {entry.path for entry in ops.visible_files()}
    for entry in ops.kept_files():
        file = project.paths.root / entry.path
        if entry.path not in visible and not file.exists():
            continue
        lists, count = renewed_lists(key, pq.read_table(file, columns=["identifiers"], partitioning=None).column(0))
        if not count:
            continue
        rows = pq.read_table(file, partitioning=None)
        place = rows.schema.get_field_index("identifiers")
        draft = file.with_name(f".{file.name}.rekeyed")
        pq.write_table(
            rows.set_column(place, rows.schema.field(place), lists), draft, compression="lz4", use_dictionary=False
        )
        sync(draft)
        draft.replace(file)
        changed += count
    return changed
