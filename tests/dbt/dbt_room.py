"""Hand-made events, a lake of them, and dbt on top; the same contracts that intake and the runs keep."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from dbt.artifacts.resources.types import BatchSize
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from filelock import FileLock

from intake.event import EVENT_SCHEMA
from intake.paths import repository_root
from intake.regime import ConsentRules
from ml.identity import IdentityRules
from orchestration.identity.ledger import LedgerUpdate, update_ledger
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import create_source_tables
from orchestration.warm_dbt.host import cut_into_batches, parsed_project

PROJECT = repository_root() / "dbt_project"
DAILY_TABLES = (
    "staging.stg_events",
    "intermediate.int_events",
    "intermediate.int_sessions",
    "intermediate.int_session_features",
    "intermediate.int_order_lines",
    "intermediate.int_identifier_daily",
    "intermediate.int_identifier_category_daily",
    "intermediate.int_identifier_seen_daily",
    "intermediate.int_identity_pair_daily",
    "intermediate.int_consent_events",
)
Event = dict[str, Any]


def hashed(kind: str, value: str) -> str:
    """Stands in for the keyed hash: 32 hex characters."""
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()[:32]


def event(event_id: str, event_type: str, at: str, *, delay_s: int = 60, who: str = "", **fields: Any) -> Event:
    """One event; `who` is a list of `type:value` parted by blanks, `at` is UTC."""
    occurred = datetime.fromisoformat(at).replace(tzinfo=UTC)
    pairs = [part.split(":", 1) for part in who.split()]
    properties = fields.pop("properties", {})
    base: Event = dict.fromkeys(EVENT_SCHEMA.names)
    return {
        **base,
        "event_id": event_id,
        "event_type": event_type,
        "occurred_at": occurred,
        "received_at": occurred + timedelta(seconds=delay_s),
        "source": "shop",
        "channel": "web",
        "identifiers": [{"type": kind, "value": hashed(kind, value)} for kind, value in pairs],
        "properties": json.dumps(properties),
        "is_simulated": False,
        "loaded_at": datetime(2018, 1, 2, tzinfo=UTC),
        **fields,
    }


def order(order_id: str, at: str, who: str, amounts: Sequence[str], **fields: Any) -> Event:
    """An order with one line for each amount, product p0, p1, …"""
    lines = [{"product_id": f"p{n}", "quantity": 1, "amount": float(amount)} for n, amount in enumerate(amounts)]
    total = sum((Decimal(amount) for amount in amounts), Decimal(0))
    properties = {"lines": lines, "discount_amount": 1.5, "coupon_discount_amount": 0}
    kind = fields.pop("event_type", "order_completed")
    named = {"order_id": order_id, "amount": total, "channel": "store", "properties": properties}
    return event(f"{kind}-{order_id}", kind, at, who=who, **{**named, **fields})


def busy_fortnight() -> list[Event]:
    """Three customers, a stranger, a guest and a bot; a session over midnight, a retry, a refund and late arrivals."""
    found = [
        event(f"product-{n}", "product_updated", "2017-01-01 00:00:01", product_id=f"p{n}", category=f"cat{n % 2}")
        for n in range(3)
    ]
    for day in range(1, 19):
        who = f"loyalty_id:{day % 3}"
        found.append(order(f"o{day}", f"2017-01-{day:02d} 15:00:00", who, ["2.50", "1.25", "0.00"][: 1 + day % 3]))
        found.append(_visit(f"v{day}", f"2017-01-{day:02d}", day))
    found += [
        event("tie-0", "custom", "2017-01-02 09:00:00", who="loyalty_id:0 email:a login:0"),
        event("tie-1", "custom", "2017-01-14 09:00:00", who="loyalty_id:1 login:1"),
        event("login", "logged_in", "2017-01-05 23:50:00", who="login:0 cookie:5", session_id="v5"),
        event("late", "product_viewed", "2017-01-10 08:00:00", delay_s=5 * 86_400, who="cookie:10", product_id="p1"),
        event("bot", "page_viewed", "2017-01-03 01:00:00", who="cookie:bot", properties={"is_bot": True}),
        order("guest", "2017-01-04 12:00:00", "", ["9.99"]),
        order("o3", "2017-01-06 12:00:00", "loyalty_id:0", ["2.50"], event_type="order_refunded"),
        event(
            "no-mail",
            "consent_updated",
            "2017-01-06 12:00:00",
            who="email:a",
            properties={"purpose": "personalization", "granted": False, "regime": "opt_out"},
        ),
    ]
    retry = {**found[4], "received_at": found[4]["received_at"] + timedelta(hours=1)}
    return [*found, retry]


def _visit(session: str, day: str, number: int) -> Event:
    fields = {"session_id": session, "product_id": "p0", "category": "cat0", "dwell_ms": 1000 * number}
    return event(f"view-{session}", "product_viewed", f"{day} 23:55:00", who=f"cookie:{number}", **fields)


@cache
def _parsed(shared: Path) -> Manifest:
    """The project, parsed by the first worker that comes; the batch size is all that parsing takes from outside."""
    target = shared / "target"
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(shared / "parse.lock"):
        if not (target / "partial_parse.msgpack").exists():
            _parse(target)
    manifest = parsed_project(target)
    assert {model.config.batch_size for model in cut_into_batches(manifest)} == {BatchSize.day}
    return manifest


def _parse(target: Path) -> None:
    os.environ |= {"CONCIERGE_BATCH_SIZE": "day", "CONCIERGE_BEGIN": "2017-01-01"}
    folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    answer = dbtRunner().invoke(["--quiet", "parse", "--no-partial-parse", "--no-write-json", *folders])
    assert answer.success, answer.exception


def _manifest(batch_size: str) -> Manifest:
    """The project as it parses under that batch size, set in what was parsed: parsing again takes 9 CPU seconds."""
    manifest = _parsed(Room.shared)
    for model in cut_into_batches(manifest):
        model.config.batch_size = BatchSize(batch_size)
    return manifest


class Room:
    """One warehouse, its lake and its dbt settings."""

    # What the workers of a session share: the parsed project.
    shared: ClassVar[Path]

    def __init__(self, root: Path) -> None:
        """Create the source tables under `root`."""
        self.root = root
        self.warehouse = root / "warehouse.duckdb"
        with duckdb.connect(str(self.warehouse)) as connection:
            create_source_tables(connection)
        self.ask_first(ConsentRules())

    def ask_first(self, rules: ConsentRules) -> None:
        """Say what holds for people who have said nothing."""
        self.execute("DELETE FROM ops.consent_regime")
        rows = ", ".join(str(tuple(row)) for row in rules.rows())
        self.execute(f"INSERT INTO ops.consent_regime VALUES {rows}")

    def copy_to(self, root: Path) -> Room:
        """The same warehouse and lake under another folder."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return Room(root)

    def land(self, name: str, events: Sequence[Event]) -> None:
        """Write one lake file a day and list it."""
        for day in sorted({row["occurred_at"].date() for row in events}):
            rows = [row for row in events if row["occurred_at"].date() == day]
            path = f"lake/events/event_date={day}/{name}.parquet"
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows, schema=EVENT_SCHEMA), self.root / path)
            arrivals = [row["received_at"].replace(tzinfo=None) for row in rows]
            self.execute(
                "INSERT INTO ops.lake_file VALUES (?, 'shop', ?, ?, ?, ?, TIMESTAMP '2018-01-02', true)",
                [path, day, len(rows), min(arrivals), max(arrivals)],
            )

    def hide(self, name: str, day: date) -> None:
        """Take a file out of the visible list."""
        self.execute(
            "UPDATE ops.lake_file SET is_visible = false WHERE path = ?",
            [f"lake/events/event_date={day}/{name}.parquet"],
        )

    def stand_at(self, as_of: str) -> None:
        """Set the run's moment."""
        self.execute("DELETE FROM ops.run_context")
        self.execute("INSERT INTO ops.run_context VALUES (?)", [datetime.fromisoformat(as_of)])

    def cut_off(self, day: str, horizon_days: int) -> None:
        """Ask for a training cut-off."""
        self.execute("INSERT INTO ops.cutoff VALUES (?, ?, 'train')", [datetime.fromisoformat(day), horizon_days])

    def build_days(self, first: str, end: str, batch_size: str = "month") -> None:
        """Run the daily models over [first, end)."""
        window = ["--event-time-start", first, "--event-time-end", end]
        self.dbt("run", "--select", "tag:daily", *window, batch_size=batch_size)

    def resolve_identities(self, **rules: float) -> LedgerUpdate:
        """Bring the identity tables up to the evidence that the daily models found."""
        return update_ledger(Warehouse(self.warehouse), IdentityRules(**rules))

    def dbt(self, *arguments: str, batch_size: str = "month") -> list[Any]:
        """Run dbt in this process; the results by node.

        Raises:
            AssertionError: with what dbt said about the first failure.
        """
        os.environ |= {
            "CONCIERGE_WAREHOUSE": str(self.warehouse),
            "CONCIERGE_LAKE": str(self.root),
            "CONCIERGE_BATCH_SIZE": batch_size,
            "CONCIERGE_BEGIN": "2017-01-01",
            "DBT_TARGET_PATH": str(self.root / "target"),
            "DBT_LOG_PATH": str(self.root / "logs"),
        }
        folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        folders += ["--quiet", "--no-write-json", "--no-use-colors"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = dbtRunner(manifest=_manifest(batch_size)).invoke([*arguments, *folders])
        results = list(getattr(answer.result, "results", []) or [])
        wrong = [f"{r.node.name}: {r.status}: {r.message}" for r in results if r.status not in {"success", "pass"}]
        assert answer.success, wrong or answer.exception
        return results

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with duckdb.connect(str(self.warehouse)) as connection:
            return [tuple(row) for row in connection.execute(sql, list(parameters)).fetchall()]

    def table(self, address: str, columns: str = "*", where: str = "true") -> list[tuple[Any, ...]]:
        """All rows of a table in an order of their own."""
        return sorted(self.execute(f"SELECT {columns} FROM {address} WHERE {where}"), key=repr)
