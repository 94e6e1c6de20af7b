"""The registry of stores: everything under the data folder, what it is, how a person is found in it and taken out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from intake.project import Project
from orchestration.erasure import (
    exports_store,
    lake_store,
    log_store,
    quarantine_store,
    snapshot_store,
    sqlite_store,
    text_store,
    vault_store,
    warehouse_store,
)
from orchestration.erasure.overlay_store import erase as erase_overlay
from orchestration.erasure.scope import Scope

Kind = Literal["source of truth", "derived", "your files", "nobody's"]
Eraser = Callable[[Project, Scope], int]
UNTIL_REBUILT = "until rebuilt"
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True)
class Store:
    """One place where something is kept.

    Attributes:
        name: as people know it; with its slash when it is a folder.
        patterns: shell patterns of its files, relative to the data folder; `*` reaches over slashes.
        kind: source of truth, derived, the shop's own, or nobody's.
        made_from: who or what writes it.
        kept: for how long.
        upgrade: what a new version of the program does with it.
        found: how a person is found in it; empty when it holds nobody.
        removed: what erasure does.
        erase: takes people out, rows that went; None where there is nothing to do or it is not ours.
        retention: the setting under `retention` that bounds it.
    """

    name: str
    patterns: tuple[str, ...]
    kind: Kind
    made_from: str
    kept: str
    upgrade: str
    found: str = ""
    removed: str = ""
    erase: Eraser | None = None
    retention: str | None = None

    def holds(self, path: str) -> bool:
        """Whether a file, relative to the data folder, is this store's."""
        return any(fnmatchcase(path, pattern) for pattern in self.patterns)


CONFIG = Store(
    "config/",
    (),
    "source of truth",
    "people",
    "until you change it",
    "unknown fields are refused with file and field; `concierge init` shows today's files",
)
LAKE = Store(
    "lake/",
    ("lake/events/event_date=*/*.parquet", "lake/.partial/*"),
    "source of truth",
    "intake",
    "for ever; files are write-once and swapped as a whole",
    "one flat schema, unchanged since version 1",
    "hashes in `identifiers`; the strongest one that nobody shares says whose an event is; words of URLs, queries and"
    " properties are hashed and compared",
    "files with their events are written again and swapped in one transaction; orders and refunds stay without anybody;"
    " what others wrote loses their identifiers in clear",
    lake_store.erase,
    "lake_days",
)
VAULT = Store(
    "vault/",
    ("vault/*.parquet",),
    "source of truth",
    "intake: personal data in clear",
    "for ever",
    "files from before a contract named matching roles stay, and matching passes them over",
    "hash of the record or its strongest identifier",
    "their rows go; what names them goes out of rows of others",
    vault_store.erase,
    "vault_days",
)
QUARANTINE = Store(
    "quarantine/",
    ("quarantine/*/*.parquet",),
    "source of truth",
    "intake",
    "for ever",
    "as it is",
    "originals are decrypted; words are hashed and compared",
    "rows that name them go and count as suppressed",
    quarantine_store.erase,
    "quarantine_days",
)
SERVICE_LOG = Store(
    "service_log/",
    ("service_log/*",),
    "source of truth",
    "service, until it is taken in; then a copy of what is in the lake",
    "for ever",
    "lines are events: fields are only added",
    "hashes in `identifiers`, ids of their decisions, what sealed lines say",
    "lines are blanked in place, also in the segment in writing",
    log_store.erase,
    "service_log_days",
)
OPERATIONS = Store(
    "ops.sqlite",
    ("ops.sqlite", "ops.sqlite-*"),
    "source of truth",
    "intake, people, runs: batches, file list, consent, alerts, pauses, **identity overrides** and those taken back,"
    " runs, metrics, erasure requests and tombstones",
    "for ever",
    "schema version in the file; brought up to date when it is opened",
    "cells that are a hash, key or customer id; texts that mention one",
    "rows with their ids go, texts and samples lose the mention, the file is packed",
    sqlite_store.erase_operations,
)
WAREHOUSE = Store(
    "warehouse.duckdb",
    ("warehouse.duckdb", "warehouse.duckdb.wal", "warehouse.duckdb.tmp/*", ".warehouse.duckdb.packing*"),
    "derived",
    "lake, by dbt; ledger and scores from evidence in lake and vault, overrides, models",
    UNTIL_REBUILT,
    "dbt adds columns, missing tables are added, nothing is dropped; `concierge backfill` rebuilds days",
    "every column of every table: ids, keys, hashes, and inside of text",
    "their rows go, `fct_order` and `fct_refund` lose the customer, the file is written again without free pages",
    warehouse_store.erase,
)
PUBLISHED = Store(
    "published/",
    ("published/*",),
    "derived",
    "warehouse",
    "the last three versions",
    "the next run writes today's columns",
    "as in the warehouse",
    "every version is built again without them and takes the old one's place",
    exports_store.erase,
    "published_days",
)
SNAPSHOTS = Store(
    "snapshots/",
    ("snapshots/*",),
    "derived",
    "warehouse, models, configuration; hourly versions share the data file of the daily one and may have one "
    "`delta.mdb` beside it",
    "`serving.keep_snapshots` versions",
    "a version of another schema is refused; the last good one stays live until the next run. A version with a delta "
    "is of another schema to a program from before there were any",
    "identifier and customer id",
    "every version is built again without them; the pointer moves in one step",
    snapshot_store.erase,
    "snapshots_days",
)
REPLAY = Store(
    "replay/",
    ("replay/*",),
    "derived",
    "a snapshot before it goes: the rows that its logged decisions read",
    "`retention.replay_days`",
    "a version of another schema is refused: its decisions can be looked up and no longer made again",
    "identifier and customer id",
    "every version is built again without them",
    snapshot_store.erase_kept,
    "replay_days",
)
MODELS = Store(
    "models/",
    ("models/*",),
    "derived",
    "weekly training",
    "every version",
    "a card names its features, data and code; trained again within the week",
    "text of model files",
    "mentions are replaced; no list of people goes into a model",
    text_store.erase_models,
    "models_days",
)
DATA_DOCS = Store(
    "data_docs/",
    ("data_docs/*",),
    "derived",
    "runs",
    UNTIL_REBUILT,
    "Great Expectations sees to its own",
    "text of the pages",
    "mentions are replaced",
    text_store.erase_documents,
    "data_docs_days",
)
DBT = Store(
    "dbt/",
    ("dbt/*",),
    "derived",
    "runs",
    UNTIL_REBUILT,
    "dbt sees to its own",
    "text of its files",
    "mentions are replaced",
    text_store.erase_dbt,
)


def _erase_dagster(project: Project, scope: Scope) -> int:
    return sqlite_store.erase_run_storage(project, scope) + text_store.erase_run_logs(project, scope)


DAGSTER = Store(
    "dagster/",
    ("dagster/*",),
    "derived",
    "runs, daemon",
    "until rebuilt (its history of runs is lost with it)",
    "Dagster sees to its own",
    "text of events and logs",
    "mentions are replaced, the files are packed",
    _erase_dagster,
    "runs_days",
)
OVERLAY = Store(
    "live overlay, outside the data folder: `CONCIERGE_RUNTIME`, else `/dev/shm`, else `runtime/`",
    ("runtime/*",),
    "derived",
    "events of the last half hour, words of consent and first draws of experiments, from `service_log/`",
    "while a service runs",
    "made anew",
    "hash of the identifier",
    "their entries go; an overlay that no service uses goes as a whole",
    erase_overlay,
)
ERASURES = Store(
    "erasures/",
    ("erasures/*",),
    "source of truth",
    "`concierge erase`: proofs, by tombstone",
    "for ever",
    "as it is",
)
KEYS = Store(
    "keys/",
    ("keys/*",),
    "source of truth",
    "made on first use, or given by the environment",
    "for ever: without them no identifier can be looked up and no quarantined row be read",
    "never changed; `concierge keys rotate` adds one",
)
LANDING = Store(
    "landing/",
    ("landing/*",),
    "your files",
    "you",
    "as you like: what was taken in is in the lake",
    NOTHING,
    "values in clear",
    "nothing: files that name them are listed in the report, removing them is yours",
)
TRUTH = Store(
    "truth/",
    ("truth/*",),
    "your files",
    "the demo's simulator",
    "as you like",
    NOTHING,
    "values in clear",
    "nothing: made-up people",
)
MONTH = Store(
    "month/",
    ("month/*",),
    "your files",
    "`concierge month`: a copy of the demo to live in",
    "until the next month",
    "made anew",
    "as in a data folder of its own, which it is",
    "nothing: made-up people; a month begins from a demo alone",
)
CLOCK = Store(
    "clock.json", ("clock.json",), "source of truth", "first use of a shifted clock", "for ever", "never changed"
)
SPOOL = Store(
    "spool/",
    ("spool/*",),
    "source of truth",
    "`concierge stream`: messages on their way into the lake, in clear",
    "seconds, mode 700; the next start takes in what a killed one left",
    NOTHING,
)
LOCKS = Store("`*.lock`", ("*.lock",), "nobody's", NOTHING, "held while a process lives", NOTHING)

STORES = (
    CONFIG, LAKE, VAULT, QUARANTINE, SERVICE_LOG, OPERATIONS, WAREHOUSE, PUBLISHED, SNAPSHOTS, REPLAY, MODELS,
    DATA_DOCS, DBT, DAGSTER, OVERLAY, ERASURES, KEYS, SPOOL, LANDING, TRUTH, MONTH, CLOCK, LOCKS,
)  # fmt: skip
"""In the order in which people are taken out: the ledger's evidence before what is made from it."""

FOREIGN = (LANDING, TRUTH, MONTH)


def store_of(path: str) -> Store | None:
    """The store that a file belongs to, by its path in the data folder; None when nobody registered it."""
    return next((store for store in STORES if store.holds(path)), None)


def unclaimed(root: Path) -> list[str]:
    """Files of a data folder that no store claims."""
    files = (file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file() or file.is_symlink())
    return sorted(path for path in files if store_of(path) is None)


def state_table() -> str:
    """The table of `docs/state.md`."""
    head = ["| store | kind | made from | kept | with a new version |", "|---|---|---|---|---|"]
    rows = [
        f"| {_code(store.name)} | {store.kind} | {store.made_from} | {store.kept} | {store.upgrade} |"
        for store in STORES
    ]
    return "\n".join([*head, *rows])


def erasure_table() -> str:
    """The table of `docs/privacy.md`."""
    head = ["| store | a person is found by | `concierge erase` | `retention:` |", "|---|---|---|---|"]
    rows = [
        f"| {_code(store.name)} | {store.found} | {store.removed} | {_bound(store)} |"
        for store in STORES
        if store.found
    ]
    return "\n".join([*head, *rows])


def _code(name: str) -> str:
    return name if name.startswith("`") or " " in name else f"`{name}`"


def _bound(store: Store) -> str:
    return f"`{store.retention}`" if store.retention else NOTHING
