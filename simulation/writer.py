"""Landing files: complete or absent, the same bytes for the same seed, written once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulation.arrays import I64
from simulation.report import Marker, SimulationReport, SourceReport, WrittenFile

MARKER_FILE = "simulation.json"
# Part of every parameter hash: raise it when the same seed is meant to give other bytes.
LAYER_VERSION = 2


def parameter_hash(*parts: object) -> str:
    """A short hash of what a simulation depends on; arrays count by their content."""
    digest = blake2b(str(LAYER_VERSION).encode(), digest_size=12)
    for part in parts:
        digest.update(b"\0")
        digest.update(np.ascontiguousarray(part).data if isinstance(part, np.ndarray) else str(part).encode())
    return digest.hexdigest()


def write_parquet(table: pa.Table, file: Path) -> None:
    """Write beside and rename, so that a scan never meets half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(file)


def write_by_month(table: pa.Table, source: str, landing: Path, part: str = "") -> SourceReport:
    """One parquet file a month of arrival; `received_at` must be ascending. `part` tells parts of a company apart."""
    received = table.column("received_at").cast(pa.int64()).to_numpy()
    files = []
    for month, first, last in _months(received):
        file = landing / source / f"{month}{part}.parquet"
        write_parquet(table.slice(first, last - first), file)
        files.append(_written(file, landing, last - first))
    return SourceReport(source, tuple(files))


def write_whole(table: pa.Table, source: str, landing: Path, part: str = "") -> SourceReport:
    """A single parquet file."""
    file = landing / source / f"{source}{part}.parquet"
    write_parquet(table, file)
    return SourceReport(source, (_written(file, landing, table.num_rows),))


def write_lines(lines: list[str], received_us: I64, source: str, landing: Path, part: str = "") -> SourceReport:
    """One JSON-lines file a month of arrival; lines in order of `received_us`, without their ends."""
    files = []
    for month, first, last in _months(received_us):
        file = landing / source / f"{month}{part}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.partial")
        partial.write_text("\n".join(lines[first:last]) + "\n", encoding="utf-8", newline="\n")
        partial.replace(file)
        files.append(_written(file, landing, last - first))
    return SourceReport(source, tuple(files))


def write_once(
    landing: Path, truth: Path, digest: str, write: Callable[[], tuple[int, int, tuple[SourceReport, ...]]]
) -> SimulationReport:
    """Call `write` unless the marker says that the same parameters are there already, complete.

    `write` returns start and end (microseconds, midnights) and the sources. Files of other parameters are removed
    first; the marker comes last, so a killed run is repeated.
    """
    marker_file = landing / MARKER_FILE
    known = msgspec.json.decode(marker_file.read_bytes(), type=Marker) if marker_file.exists() else None
    if known is not None and known.parameter_hash == digest and _complete(known, landing):
        return _report("unchanged", known, landing, truth)
    if known is not None:
        marker_file.unlink()
        for old in _files(known):
            (landing / old.path).unlink(missing_ok=True)
    start_us, end_us, sources = write()
    marker = Marker(digest, _date(start_us), _date(end_us), sources)
    partial = marker_file.with_name(f"{MARKER_FILE}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(marker), indent=1))
    partial.replace(marker_file)
    return _report("written", marker, landing, truth)


def read_marker(landing: Path) -> Marker:
    """What a landing folder holds.

    Raises:
        FileNotFoundError: nothing was simulated there.
    """
    file = landing / MARKER_FILE
    if not file.exists():
        raise FileNotFoundError(f"{file}: not there; simulate into {landing} first")
    return msgspec.json.decode(file.read_bytes(), type=Marker)


def _complete(marker: Marker, landing: Path) -> bool:
    return all(
        (landing / file.path).exists() and (landing / file.path).stat().st_size == file.size_bytes
        for file in _files(marker)
    )


def _files(marker: Marker) -> Iterator[WrittenFile]:
    return (file for source in marker.sources for file in source.files)


def _report(state: str, marker: Marker, landing: Path, truth: Path) -> SimulationReport:
    return SimulationReport(
        "unchanged" if state == "unchanged" else "written",
        landing,
        truth,
        marker.parameter_hash,
        marker.start_date,
        marker.end_date,
        marker.sources,
    )


def _written(file: Path, landing: Path, rows: int) -> WrittenFile:
    return WrittenFile(file.relative_to(landing).as_posix(), rows, file.stat().st_size)


def _months(received_us: I64) -> Iterator[tuple[str, int, int]]:
    month = received_us.astype("datetime64[us]").astype("datetime64[M]")
    starts = np.flatnonzero(np.r_[True, month[1:] != month[:-1]]) if len(month) else np.array([], dtype=np.int64)
    for first, last in zip(starts.tolist(), [*starts[1:].tolist(), len(month)], strict=False):
        yield str(month[first]), first, last


def _date(at_us: int) -> str:
    return str(np.datetime64(at_us, "us").astype("datetime64[D]"))
