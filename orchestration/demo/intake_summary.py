"""What was read, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intake.contract import SourceContract, load_contracts
from intake.ops_records import BatchRecord
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.cli.console import say, show_table

COLUMNS = ("source", "origin", "files", "rows read", "accepted", "duplicate", "quarantined", "suppressed", "events")

WHAT_IS_REAL = """\
Real input: orders, campaigns, coupons, products and demographics are Complete Journey of 84.51°, which its package
calls simulated from real grocery shopping patterns. Simulated by us: browsing, devices, logins, e-mails, receipts'
links, prices, stock, consent and the incentive test (`is_simulated` is true in each of their rows)."""


@dataclass
class SourceCounts:
    """Batches of one source, added up, in source rows; `events` is what became of the accepted ones."""

    files: int = 0
    rows_read: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    suppressed: int = 0
    events: int = 0

    def add(self, batch: BatchRecord) -> None:
        """Count one batch."""
        self.files += 1
        for name in ("rows_read", "accepted", "duplicate", "quarantined", "suppressed", "events"):
            setattr(self, name, getattr(self, name) + getattr(batch, name))

    def cells(self) -> tuple[int, ...]:
        """The counts in column order."""
        return (
            self.files,
            self.rows_read,
            self.accepted,
            self.duplicate,
            self.quarantined,
            self.suppressed,
            self.events,
        )


def counts_by_source(batches: Sequence[BatchRecord]) -> dict[str, SourceCounts]:
    """Counts of each source, in order of name, and of all of them under `total`."""
    found: dict[str, SourceCounts] = {}
    for batch in sorted(batches, key=lambda batch: batch.source):
        found.setdefault(batch.source, SourceCounts()).add(batch)
    found["total"] = SourceCounts()
    for batch in batches:
        found["total"].add(batch)
    return found


def origin(source: str, contracts: Mapping[str, SourceContract]) -> str:
    """Who made a source's rows."""
    contract = contracts.get(source)
    if contract is None:
        return ""
    if contract.kind == "service_log":
        return "this service"
    return "simulated" if contract.is_simulated else "84.51°"


def show_intake(project: Project) -> None:
    """The table of sources and the sentence on what is real."""
    contracts = load_contracts(project.sources)
    counts = counts_by_source(OpsStore(project.paths).batches())
    rows = [(source, origin(source, contracts), *found.cells()) for source, found in counts.items()]
    show_table(COLUMNS, rows, title="What came in")
    say(WHAT_IS_REAL)
