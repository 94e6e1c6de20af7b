"""What a file would become under a contract, found out in a folder that is thrown away."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from intake.contract import SourceContract
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.report import FileReport


@dataclass(frozen=True)
class Trial:
    """What one file would become.

    Attributes:
        types: events by type.
        identifiers: events by identifier type; `none` for events without any.
        first, last: when the events happened; None without any.
        unmapped: columns of the file that the contract does not read.
    """

    report: FileReport
    types: Mapping[str, int]
    identifiers: Mapping[str, int]
    first: datetime | None
    last: datetime | None
    unmapped: tuple[str, ...]


def try_out(project: Project, contract: SourceContract, file: Path) -> Trial:
    """Take a file in beside the project: its configuration and clock count, its data are neither read nor written.

    So nothing is a duplicate of what came before, and nobody's consent is known.
    """
    with tempfile.TemporaryDirectory(prefix="concierge-") as folder:
        beside = replace(project, paths=DataPaths(Path(folder)))
        report = ingest(beside, contract, [file]).files[0]
        store = OpsStore(beside.paths)
        columns = store.source_columns(contract.name).values()
        unmapped = tuple(column.name for column in columns if column.state != "mapped")
        wanted = ["event_type", "occurred_at", "identifiers"]
        files = [beside.paths.root / written.path for written in store.visible_files()]
        tables = [pq.read_table(path, columns=wanted, partitioning=None) for path in files]
        return _trial(report, pa.concat_tables(tables) if tables else None, unmapped)


def _trial(report: FileReport, events: pa.Table | None, unmapped: tuple[str, ...]) -> Trial:
    if events is None:
        return Trial(report, {}, {}, None, None, unmapped)
    times = events.column("occurred_at").to_pylist()
    kinds: Counter[str] = Counter()
    for identifiers in events.column("identifiers").to_pylist():
        kinds.update({pair["type"] for pair in identifiers} or {"none"})
    return Trial(report, Counter(events.column("event_type").to_pylist()), kinds, min(times), max(times), unmapped)
