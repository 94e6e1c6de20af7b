"""Writes events into the lake: one parquet file a source, batch and day."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.atomic_file import publish
from intake.ops_records import LakeFile
from intake.paths import DataPaths
from intake.values import flat

HASH_IN_NAME = 16
_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1)
# Day files are small, and a batch may have 365 of them: lz4 without dictionaries writes one in 3.9 ms, zstd with
# dictionaries in 6.3 ms at two thirds of the size. Statistics are kept where a planner uses them.
_PARQUET: dict[str, Any] = {
    "compression": "lz4",
    "use_dictionary": False,
    "write_statistics": ["occurred_at", "received_at", "event_type"],
}


def write_events(paths: DataPaths, events: pa.Table, source: str, batch_id: str, part: int = 0) -> list[LakeFile]:
    """Write the day files of a batch; they count only once the batch is recorded.

    Args:
        events: rows of `EVENT_SCHEMA`, all with an `occurred_at`.
        part: number of the slice when a batch is too large to hold at once.

    Returns:
        A record for each file, in order of days.
    """
    drafts_folder = drafts(paths) / batch_id[:HASH_IN_NAME]
    drafts_folder.mkdir(parents=True, exist_ok=True)
    suffix = f"-{part}" if part else ""
    name = f"{source}-{batch_id[:HASH_IN_NAME]}{suffix}.parquet"
    files, moves = [], []
    for day, rows in _days(events):
        target = paths.lake_events / f"event_date={day.isoformat()}" / name
        draft = drafts_folder / f"{day.isoformat()}{suffix}.parquet"
        pq.write_table(rows, draft, **_PARQUET)
        moves.append((draft, target))
        files.append(_record(rows, target.relative_to(paths.root), day, source, batch_id))
    publish(moves)
    return files


def without_events(paths: DataPaths, files: list[LakeFile], event_ids: pa.Array) -> list[LakeFile]:
    """Take events out of files that are written and not yet recorded; files that hold nothing then are removed."""
    kept = []
    for file in files:
        path = paths.root / file.path
        rows = pq.read_table(path, partitioning=None)
        left = rows.filter(pc.invert(pc.is_in(rows.column("event_id"), value_set=event_ids)))
        if left.num_rows == rows.num_rows:
            kept.append(file)
        elif left.num_rows:
            draft = drafts(paths) / path.name
            pq.write_table(left.combine_chunks(), draft, **_PARQUET)
            publish([(draft, path)])
            kept.append(_record(left, path.relative_to(paths.root), file.event_date, file.source, file.batch_id))
        else:
            path.unlink()
    return kept


def drafts(paths: DataPaths) -> Path:
    """Where day files are written before they get their name."""
    return paths.root / "lake" / ".partial"


def sweep_drafts(paths: DataPaths) -> None:
    """Remove what a killed intake left unfinished; call it under the intake lock only."""
    shutil.rmtree(drafts(paths), ignore_errors=True)


def _days(events: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    occurred = flat(events.column("occurred_at").cast(pa.int64())).to_numpy(zero_copy_only=False)
    if (np.diff(occurred) < 0).any():
        order = np.argsort(occurred, kind="stable")
        events, occurred = events.take(pa.array(order)), occurred[order]
    in_order, days = events.combine_chunks(), occurred // _DAY
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1)) if len(days) else np.array([], dtype=np.int64)
    for start, end in zip(starts, [*starts[1:], len(days)], strict=True):
        yield _EPOCH + timedelta(days=int(days[start])), in_order.slice(int(start), int(end - start))


def _record(rows: pa.Table, path: Path, day: date, source: str, batch_id: str) -> LakeFile:
    received = pc.min_max(rows.column("received_at"))
    return LakeFile(
        path=path.as_posix(),
        source=source,
        event_date=day,
        batch_id=batch_id,
        rows=rows.num_rows,
        min_received_at=received["min"].as_py(),
        max_received_at=received["max"].as_py(),
        loaded_at=rows.column("loaded_at")[0].as_py(),
    )
