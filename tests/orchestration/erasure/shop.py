"""A shop of ann and bob in every store there is, made by hand; and a search that knows nothing of the product's own."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import lmdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from cryptography.fernet import Fernet

from intake.clock import FixedClock
from intake.contract import load_contract
from intake.hashing import hash_identifier, identifier_key
from intake.ingest import ingest
from intake.keys import identifier_key_bytes
from intake.log_line import with_checksum
from intake.ops_records import ConsentChange, IdentityOverride
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.report import FileReport
from intake.settings import Settings
from orchestration.export import publish_tables
from orchestration.warehouse import Warehouse
from serving.content import load_content
from serving.experiments.enrolment import Remembered
from serving.experiments.learned import Learned
from serving.snapshot import pointer
from serving.snapshot.changed import Wanted, write_changed
from serving.snapshot.records import IdentifierRow, ProfileRecord
from serving.snapshot.relearned import write_relearned
from tests.orchestration.cli.ledger import Seen, publish_ledger
from tests.serving import sample

NOW = datetime(2018, 1, 2, tzinfo=UTC)
PEOPLE = {
    "ann login": ("login", "ann-lee-77"),
    "ann mail": ("email", "ann.lee@shop.org"),
    "ann cookie": ("cookie", "cookie-of-ann-1"),
    "home mail": ("email", "home@shop.org"),
    "bob login": ("login", "bob-ray-88"),
    "bob cookie": ("cookie", "cookie-of-bob-1"),
}
TIES = [
    Seen("ann login", "ann mail", "2026-01-02"),
    Seen("ann login", "ann cookie", "2026-01-03"),
    Seen("ann login", "home mail", "2026-01-03"),
    Seen("bob login", "home mail", "2026-01-03"),
    Seen("bob login", "bob cookie", "2026-01-03"),
]
SHARED_SINCE = [("home mail", "ann login", "2026-01-03"), ("home mail", "bob login", "2026-01-03")]
CONTRACT = {
    "name": "shop",
    "kind": "web",
    "format": "jsonl",
    "event_type": {"column": "type"},
    "event_id": "id",
    "columns": {
        "occurred_at": "at",
        "product_id": "product",
        "order_id": "order",
        "amount": "amount",
        "personalization_id": "shown",
        "session_id": "visit",
    },
    "identifiers": [
        {"type": "login", "column": "login"},
        {"type": "email", "column": "mail"},
        {"type": "cookie", "column": "cookie"},
        {"type": "loyalty_id", "column": "card"},
    ],
    "properties": ["note"],
    "optional": ["mail", "cookie", "order", "amount", "name", "login", "card", "note", "shown", "visit"],
    "personal_data": ["name", "mail"],
}


def event(number: int, kind: str = "product_viewed", **who: Any) -> dict[str, Any]:
    at = f"2017-05-{1 + number % 3:02d}T10:00:00Z"
    return {"id": f"e{number}", "type": kind, "at": at, "product": "p1", **who}


ANN = {"login": "ann-lee-77", "name": "Ann Lee"}
VISIT = "visit-7041"
CARD = "4017293845"
ROWS = [
    event(1, **ANN, mail="ann.lee@shop.org", card=CARD),
    event(2, **ANN, cookie="cookie-of-ann-1", visit=VISIT),
    event(3, "order_completed", **ANN, order="o1", amount=10.5),
    event(4, "order_completed", login="bob-ray-88", order="o2", amount=4),
    event(5, login="bob-ray-88", cookie="cookie-of-bob-1", mail="home@shop.org", name="Bob Ray"),
    event(6, mail="home@shop.org"),
    event(7, login="bob-ray-88", cookie="cookie-of-ann-1"),
    event(8, "nonsense", **ANN),
    event(9, "nonsense", login="bob-ray-88"),
    # What bob writes names her, and a product has the number of her card.
    event(
        11,
        login="bob-ray-88",
        visit="cookie-of-ann-1",
        name="Bob Ray (or ann.lee@shop.org)",
        note="ask ann-lee-77, cookie-of-ann-1 or /friends/ann-lee-77?to=%2Fof%2Fann%2Dlee%2D77!",
    ),
    {**event(12, login="bob-ray-88"), "product": CARD},
    # What she was shown, told by its decision alone.
    event(13, shown="p1"),
]


def shop(root: Path) -> Project:
    """Every store, with ann and bob in it."""
    project = _project(root)
    write_landing(project)
    take_in(project)
    publish_ledger(project, PEOPLE, TIES, SHARED_SINCE)
    _marts(project)
    publish_tables(project, "v2")
    _snapshots(project)
    _operations(project)
    _service_log(project)
    _documents(project)
    return project


def _project(root: Path) -> Project:
    config = root / "config"
    (config / "sources").mkdir(parents=True)
    shutil.copy(repository_root() / "config" / "event_types.yml", config)
    (config / "sources" / "shop.yml").write_text(yaml.safe_dump(CONTRACT), encoding="utf-8")
    (config / "settings.yml").write_text(yaml.safe_dump({"clock": {"start": NOW.isoformat()}}), encoding="utf-8")
    return Project(DataPaths(root / "data"), config, Settings(), FixedClock(NOW))


def write_landing(project: Project, rows: Sequence[dict[str, Any]] = ROWS, name: str = "shop.jsonl") -> Path:
    file = project.paths.root / "landing" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    broken = '{"id": "e10", "mail": "ann.lee@shop.org\n'
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + broken, encoding="utf-8")
    return file


def take_in(project: Project, name: str = "shop.jsonl") -> FileReport:
    contract = load_contract(project.sources / "shop.yml")
    report = ingest(project, contract, [project.paths.root / "landing" / name]).files[0]
    assert report.state in ("ingested", "unchanged"), report
    assert report.rows_read == report.accepted + report.duplicate + report.quarantined + report.suppressed
    return report


def hash_of(project: Project, name: str) -> str:
    return str(hash_identifier(identifier_key_bytes(project.paths), *PEOPLE[name]))


def customer_of(project: Project, name: str) -> str:
    return f"c{identifier_key(hash_of(project, name)):015x}"


def _marts(project: Project) -> None:
    ann, bob = customer_of(project, "ann login"), customer_of(project, "bob login")
    files = [str(project.paths.root / file.path) for file in OpsStore(project.paths).visible_files()]
    with Warehouse(project.paths.warehouse).connect() as connection:
        for statement in (
            "create schema if not exists marts",
            "create schema if not exists staging",
            "create schema if not exists intermediate",
            "create table marts.fct_order (order_id varchar, customer_id varchar, order_amount decimal(18, 4))",
            f"insert into marts.fct_order values ('o1', '{ann}', 10.5), ('o2', '{bob}', 4)",
            "create table marts.dim_customer (customer_id varchar, orders integer)",
            f"insert into marts.dim_customer values ('{ann}', 1), ('{bob}', 1)",
            f'create table marts.note as select \'{{"about": "{ann}"}} and more words than an id has\' as said',
            "create view marts.everybody as select customer_id from marts.dim_customer",
            f"create table staging.stg_events as from read_parquet({files}, hive_partitioning = true)",
            "create table intermediate.int_events as from staging.stg_events",
            "create table intermediate.int_session_features as"
            " select session_id, count(*) as events from staging.stg_events group by session_id",
        ):
            connection.execute(statement).fetchall()


def _snapshots(project: Project) -> None:
    ann, bob = customer_of(project, "ann login"), customer_of(project, "bob login")
    rows = [
        IdentifierRow(PEOPLE[name][0], hash_of(project, name), ann if name.startswith("ann") else bob)
        for name in PEOPLE
        if name != "home mail"
    ]
    drawn = {"hero_specials/1": Remembered("specials", 0.5, "", ann, 1, 1)}
    people = [ProfileRecord(ann, 0, "Fresh", assigned=drawn), ProfileRecord(bob, 0, "Fresh")]
    root = project.paths.snapshots
    for number, version in enumerate(("v1", "v2")):
        at = sample.NOW + timedelta(hours=number)
        sample.write(root, version, at, identifiers=rows, profiles=people)
    experiments = [one.model_dump(mode="json") for one in load_content(sample.CONFIG).experiments]
    learned = Learned(experiments=experiments)
    write_relearned(root, "v1", learned, version="v1-2", created_at=sample.NOW + timedelta(minutes=1))
    # Her row, and whose one identifier is, changed within an hour.
    wanted = Wanted([ProfileRecord(ann, 1, "Pantry")], [IdentifierRow("email", hash_of(project, "home mail"), ann)])
    later = sample.NOW + timedelta(minutes=2)
    write_changed(root, "v1", wanted, version="v1-3", as_of=later, created_at=later)
    pointer.switch(root, "v2")
    # What was kept of a version that is gone has the same form.
    sample.write(project.paths.replay, "v0", identifiers=rows, profiles=people)


def _operations(project: Project) -> None:
    ops, ann = OpsStore(project.paths), hash_of(project, "ann login")
    words = [ConsentChange(hash_of(project, name), "analytics", False, NOW) for name in ("ann login", "bob login")]
    with ops.transaction() as connection:
        connection.executemany(
            "insert into consent (identifier, purpose, occurred_at, granted) values (?, ?, ?, 0)",
            [(word.identifier, word.purpose, "2018-01-01T00:00:00+00:00") for word in words],
        )
    pair = sorted((identifier_key(ann), identifier_key(hash_of(project, "bob login"))))
    ops.record_override(IdentityOverride(pair[0], pair[1], "cannot_link", "eve", "two people", NOW))
    sample_row = {"customer_id": customer_of(project, "ann login"), "said": "write to ann.lee@shop.org"}
    ops.open_alert(
        cause="odd:rows", severity="warning", title="odd rows", detail="", source="shop", at=NOW, sample=[sample_row]
    )


def _service_log(project: Project) -> None:
    folder = project.paths.service_log / "decisions"
    folder.mkdir(parents=True)
    lines = [
        decision("p1", [("login", hash_of(project, "ann login"))]),
        decision("p2", [("login", hash_of(project, "bob login"))]),
        with_checksum(
            json.dumps({"event_id": "xp1", "personalization_id": "p1", "event_type": "exposure_shown"}).encode()
        ),
        decision("p3", [("login", hash_of(project, "bob login")), ("cookie", hash_of(project, "ann cookie"))]),
        # Bob's page names her.
        with_checksum(json.dumps({"event_id": "v1", "page_url": "/with/cookie-of-ann-1"}).encode()),
    ]
    (folder / "w1-000001.jsonl").write_bytes(b"".join(lines))
    (folder / "w1-000002.open").write_bytes(lines[0])


def decision(name: str, pairs: Iterable[tuple[str, str]]) -> bytes:
    said = {"event_id": f"d{name}", "personalization_id": name, "event_type": "decision_made"}
    said |= {"occurred_at": "2018-01-01T10:00:00Z"}
    return with_checksum(json.dumps({**said, "identifiers": [{"type": k, "value": v} for k, v in pairs]}).encode())


def _documents(project: Project) -> None:
    root, ann = project.paths.root, customer_of(project, "ann login")
    page = f"<td>{ann}</td><td>{hash_of(project, 'ann mail')}</td><td>ann.lee@shop.org</td><td>bob</td>"
    for path, text in (
        ("data_docs/index.html", page),
        ("dbt/target/run_results.json", json.dumps({"key": identifier_key(hash_of(project, "ann login")), "id": ann})),
        ("models/churn/m1/list.json", json.dumps([ann, customer_of(project, "bob login")])),
        ("models/churn/m1/model.json", json.dumps({"checksums": {"list.json": "stale"}})),
        # A killed query's rows that did not fit into memory, packed as DuckDB packs them.
        ("warehouse.duckdb.tmp/duckdb_temp_storage_DEFAULT-0.tmp", f"spilled {ann}"),
        ("dagster/storage/log.out", f"customer {ann} failed"),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    (root / "dagster/event_log").mkdir()
    with closing(sqlite3.connect(root / "dagster/event_log/index.db")) as connection:
        connection.execute("create table event_logs (id integer primary key, event text)")
        connection.execute("insert into event_logs (event) values (?)", (json.dumps({"preview": [ann, "bob"]}),))
        connection.commit()


def needles(project: Project, who: str) -> list[str]:
    """Everything that leads to a person: values in clear, hashes, keys and customer ids."""
    names = [name for name in PEOPLE if name.startswith(who)]
    found = [PEOPLE[name][1] for name in names]
    for name in names:
        value_hash = hash_of(project, name)
        found += [value_hash, value_hash[:15], str(identifier_key(value_hash))]
    return found


def remains(root: Path, wanted: Sequence[str], skip: Sequence[str] = ("landing",)) -> list[str]:
    """`file: needle` for whatever still stands in a data folder: bytes of every file, and what each store holds."""
    found = []
    for file in sorted(root.rglob("*")):
        inner = file.relative_to(root)
        if not file.is_file() or file.is_symlink() or inner.parts[0] in skip:
            continue
        content = file.read_bytes() + b"".join(_opened(root, file))
        lower = content.lower()
        found += [f"{inner}: {needle}" for needle in wanted if needle.lower().encode() in lower]
    return found


def _opened(root: Path, file: Path) -> Iterator[bytes]:
    if file.suffix == ".parquet":
        yield from _parquet(root, file)
    elif file.suffix == ".duckdb":
        with closing(duckdb.connect(str(file), read_only=True)) as connection:
            tables = connection.execute("select table_schema, table_name from information_schema.tables").fetchall()
            for schema, name in tables:
                yield repr(connection.execute(f'select * from "{schema}"."{name}"').fetchall()).encode()
    elif file.suffix in (".db", ".sqlite"):
        with closing(sqlite3.connect(file)) as lite:
            for (name,) in lite.execute("select name from sqlite_master where type = 'table'").fetchall():
                yield repr(lite.execute(f'select * from "{name}"').fetchall()).encode()
    elif file.suffix == ".mdb":
        yield from _lmdb(file)
    elif file.suffix in (".gz", ".zst"):
        yield pa.input_stream(str(file), compression="zstd" if file.suffix == ".zst" else "gzip").read()


def _parquet(root: Path, file: Path) -> Iterator[bytes]:
    rows = pq.read_table(file, partitioning=None).to_pylist()
    yield repr(rows).encode()
    if "quarantine" in file.parts:
        cipher = Fernet((root / "keys" / "quarantine.key").read_bytes().strip())
        yield from (cipher.decrypt(row["original"]) for row in rows)


def _lmdb(file: Path) -> Iterator[bytes]:
    with lmdb.open(str(file), subdir=False, readonly=True, lock=False, max_dbs=32) as env, env.begin() as reading:
        for table, _ in reading.cursor():
            rows = reading.cursor(env.open_db(bytes(table), txn=reading, create=False))
            yield b" ".join(key + b" " + value for key, value in rows)
