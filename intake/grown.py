"""A file that comes again with more in it, as a log that is appended to: how much of it is new."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.ops_ledger import LakeLedger
from intake.ops_records import LakeFile
from intake.paths import DataPaths

FINDING = "event_known_from_earlier_file"
"""Events that a file of the same name had brought before: they lie in the lake twice and count once."""


def known_events(paths: DataPaths, store: LakeLedger, source: str, name: str, files: Sequence[LakeFile]) -> int:
    """How many events of these new files the last other file of this source and name had brought already.

    Looked at is the last one alone: a log that grows holds all that it held before.
    """
    earlier = [batch for batch in store.batches(source) if batch.input_name == name and batch.events]
    before = store.files_of_batch(earlier[-1].batch_id) if earlier else []
    if not files or not before:
        return 0
    known = pc.is_in(_event_ids(paths, files), value_set=_event_ids(paths, before))
    return int(pc.sum(known).as_py() or 0)


def _event_ids(paths: DataPaths, files: Sequence[LakeFile]) -> pa.ChunkedArray:
    ids = [pq.read_table(paths.root / file.path, columns=["event_id"], partitioning=None).column(0) for file in files]
    return pa.chunked_array([chunk for column in ids for chunk in column.chunks], pa.string())
