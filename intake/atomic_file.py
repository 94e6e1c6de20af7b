"""Files that are there completely or not at all, also after a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
# Syncing waits for the disk and not for a core: eight at a time take a quarter of the time of one after the other.
SYNC_THREADS = 8


def sync(path: Path) -> None:
    """Force a file's content, or a folder's entries, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(drafts: Iterable[tuple[Path, Path]]) -> None:
    """Move finished drafts to their names: content first, then names, then the folders that hold them."""
    pairs = list(drafts)
    with ThreadPoolExecutor(SYNC_THREADS) as pool:
        list(pool.map(sync, [draft for draft, _ in pairs]))
        for draft, target in pairs:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(target)
        list(pool.map(sync, sorted({target.parent for _, target in pairs})))


def write_private_table(table: pa.Table, file: Path) -> None:
    """Write a table that only the owner may read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(PRIVATE_FOLDER)
    draft = file.with_name(f".{file.name}.partial")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as out:
        pq.write_table(table, out, compression="zstd")
    publish([(draft, file)])
