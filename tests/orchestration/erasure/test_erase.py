"""Erasure over every store: nothing of ann is left, nothing of bob is lost, and she does not come back."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.clock import FixedClock
from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.log_line import payload
from intake.ops_erasure import ErasureHalfDoneError, ErasureRequest
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.erasure import exports_store, log_store, passing, stores
from orchestration.erasure.again import erase_again
from orchestration.erasure.passing import ErasureNotProvedError, NothingToEraseError, erase, finish, plan
from orchestration.erasure.resolve import NobodyNamedError
from orchestration.erasure.scan import Scanner
from orchestration.erasure.scope import Scope
from orchestration.export import publish_tables
from orchestration.replay.erased import why_missing
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer
from serving.snapshot.manifest import read_manifest
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.verify import verify
from tests.orchestration.erasure.shop import (
    CARD,
    NOW,
    VISIT,
    customer_of,
    decision,
    event,
    hash_of,
    needles,
    remains,
    shop,
    take_in,
    write_landing,
)

ANN = [("email", " Ann.Lee@shop.org ")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop(tmp_path_factory.mktemp("made")).paths.root.parent


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Project:
    """The shop before anything was erased."""
    shutil.copytree(made, tmp_path / "shop", symlinks=True)
    return _at(tmp_path / "shop")


@pytest.fixture(scope="module")
def erased(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The shop without ann."""
    folder = tmp_path_factory.mktemp("erased") / "shop"
    shutil.copytree(made, folder, symlinks=True)
    found = _at(folder)
    (proof,) = erase(found, ANN, "dpo")
    assert proof.holds
    return found


def _at(folder: Path) -> Project:
    return Project(DataPaths(folder / "data"), folder / "config", Settings(), FixedClock(NOW))


def _rows(project: Project, sql: str) -> list[tuple[object, ...]]:
    file = project.paths.published / "current" / "concierge.duckdb"
    with closing(duckdb.connect(str(file), read_only=True)) as connection:
        return connection.execute(sql).fetchall()


def test_the_search_of_these_tests_finds_her_in_every_store_before(project: Project) -> None:
    places = {line.partition("/")[0].partition(":")[0] for line in remains(project.paths.root, needles(project, "ann"))}
    told = {"lake", "vault", "quarantine", "ops.sqlite", "warehouse.duckdb", "published", "snapshots", "service_log"}
    assert told | {"replay", "data_docs", "dbt", "models", "dagster"} <= places


def test_nothing_of_her_is_left_in_any_store(erased: Project) -> None:
    assert remains(erased.paths.root, [*needles(erased, "ann"), "Ann Lee", VISIT]) == []


def test_her_decisions_are_said_to_be_erased_and_not_unknown(erased: Project) -> None:
    assert why_missing(erased, "p1") == "erased: its person was erased on 2018-01-02"
    assert why_missing(erased, "p2").startswith("no such decision on record")


def test_others_keep_what_is_theirs(erased: Project) -> None:
    bob = customer_of(erased, "bob login")
    assert _rows(erased, "select customer_id from marts.dim_customer") == [(bob,)]
    places = {line.partition("/")[0] for line in remains(erased.paths.root, needles(erased, "bob"))}
    assert {"lake", "quarantine", "published", "snapshots", "service_log"} <= places
    files = [pq.read_table(file, partitioning=None) for file in erased.paths.lake_events.rglob("*.parquet")]
    kept = {
        row["event_id"]: [pair["type"] for pair in row["identifiers"]] for table in files for row in table.to_pylist()
    }
    anonymous = [name for name in kept if name.startswith("anonymous-")]
    assert kept.pop(anonymous[0]) == []
    alone = {name: ["login"] for name in ("e4", "e7", "e11", "e12")}
    assert kept == {**alone, "e5": ["login", "email", "cookie"], "e6": ["email"]}


def test_what_others_wrote_loses_her_name_and_a_product_keeps_its_number(erased: Project) -> None:
    """She was named by her address alone: login, cookie and card in clear are nowhere else."""
    rows = [
        row
        for file in erased.paths.lake_events.rglob("*.parquet")
        for row in pq.read_table(file, partitioning=None).to_pylist()
    ]
    (review,) = (row for row in rows if row["event_id"] == "e11")
    assert json.loads(review["properties"])["note"] == "ask [erased], [erased] or /friends/[erased]?to=[erased]!"
    (viewed,) = (row for row in rows if row["event_id"] == "e12")
    assert viewed["product_id"] == CARD


def test_revenue_stays_true_without_her(erased: Project) -> None:
    bob = customer_of(erased, "bob login")
    found = _rows(erased, "select order_id, customer_id, cast(order_amount as varchar) from marts.fct_order order by 1")
    assert found == [("o1", None, "10.5000"), ("o2", bob, "4.0000")]
    parquet = pq.read_table(erased.paths.published / "current" / "marts.fct_order.parquet").to_pylist()
    assert {row["order_id"]: row["customer_id"] for row in parquet} == {"o1": None, "o2": bob}


def test_the_days_concerned_are_rebuilt_and_the_lake_lists_what_there_is(erased: Project) -> None:
    ops = OpsStore(erased.paths)
    files = ops.visible_files()
    assert {erased.paths.root / file.path for file in files} == set(erased.paths.lake_events.rglob("*.parquet"))
    assert all(pq.read_metadata(erased.paths.root / file.path).num_rows == file.rows for file in files)
    assert {touch.batch_id[:8] for touch in ops.touches()} >= {"erasure-"}


def test_quarantine_counts_follow(erased: Project) -> None:
    (batch,) = OpsStore(erased.paths).batches("shop")
    assert (batch.quarantined, batch.suppressed) == (1, 2)
    assert sum(OpsStore(erased.paths).quarantine_counts("shop").values()) == 1


def test_every_snapshot_is_rebuilt_and_the_live_one_answers(erased: Project) -> None:
    root = erased.paths.snapshots
    live = pointer.current(root)
    versions = {manifest.replaces: manifest.version for manifest in pointer.list_versions(root)}
    assert versions["v2"] == live
    assert set(versions) == {"v1", "v1-2", "v1-3", "v2"}
    assert (root / versions["v1-3"] / "delta.mdb").exists()
    assert (root / versions["v1-2"] / "experiments.json").exists()
    for version in versions.values():
        verify(root / version)
    with SnapshotReader(root / str(live)) as reader:
        assert reader.customer_id("login", hash_of(erased, "ann login")) is None
        assert reader.customer_id("login", hash_of(erased, "bob login")) == customer_of(erased, "bob login")
    assert read_manifest(root / str(live)).totals["customers"] == 1


def test_the_log_keeps_its_size_and_others_lines(erased: Project, made: Path) -> None:
    name = "service_log/decisions/w1-000001.jsonl"
    before, after = made / "data" / name, erased.paths.root / name
    assert (before.stat().st_size, before.stat().st_mtime_ns) == (after.stat().st_size, after.stat().st_mtime_ns)
    said = [json.loads(payload(line)) for line in after.read_bytes().splitlines() if line.strip()]
    assert [line["event_id"] for line in said] == ["dp2", "dp3", "v1"]
    assert [pair["type"] for pair in said[1]["identifiers"]] == ["login"]
    assert said[2] == {"event_id": "v1", "page_url": "/with/[erased]"}


def test_model_files_keep_a_true_checksum(erased: Project) -> None:
    folder = erased.paths.models / "churn" / "m1"
    assert json.loads((folder / "list.json").read_text())[0] == "[erased]"
    sums = json.loads((folder / "model.json").read_text())["checksums"]
    assert sums["list.json"] == hashlib.sha256((folder / "list.json").read_bytes()).hexdigest()


def test_the_ledger_says_that_somebody_was_erased_and_no_more(erased: Project) -> None:
    warehouse = Warehouse(erased.paths.warehouse)
    assert warehouse.rows("select distinct status, reason from identity.identifier where identifier_key < 0") == [
        ("erased", "erased on request")
    ]
    assert warehouse.rows("select count(*), count(survivor_id) from identity.identity_event where type = 'erase'") == [
        (4, 0)
    ]


def test_the_proof_names_nobody_and_lists_the_shops_own_files(erased: Project) -> None:
    (folder,) = (erased.paths.root / "erasures").iterdir()
    assert sorted(file.name for file in folder.iterdir()) == ["proof.json", "proof.md"]
    said = json.loads((folder / "proof.json").read_text())
    assert said["your_files"] == ["landing/shop.jsonl"]
    assert said["found"] == []
    assert len(said["tombstones"]) == 4
    assert any("shared" in note for note in said["notes"])


def test_the_same_file_and_late_rows_bring_nobody_back(erased: Project, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    shutil.copytree(erased.paths.root.parent, folder, symlinks=True)
    project = _at(folder)
    with OpsStore(project.paths).transaction() as connection:
        connection.execute("delete from batch")
        connection.execute("delete from quarantine_row_count")
        connection.execute("delete from touched_day")
    report = take_in(project)
    assert (report.accepted, report.suppressed, report.quarantined) == (7, 5, 1)
    late = write_landing(
        project,
        [{"id": "late", "type": "product_viewed", "at": "2017-05-09T10:00:00Z", "product": "p", "login": "ann-lee-77"}],
        "late.jsonl",
    )
    assert take_in(project, late.name).suppressed == 2
    assert remains(project.paths.root, [*needles(project, "ann"), "Ann Lee"]) == []


def test_a_dry_run_changes_nothing(project: Project) -> None:
    before = remains(project.paths.root, needles(project, "ann"))
    found = plan(project, ANN)
    assert (found.people, found.identifiers, found.lake_events) == (
        1,
        {"cookie": 1, "email": 1, "login": 1, "loyalty_id": 1},
        3,
    )
    assert remains(project.paths.root, needles(project, "ann")) == before
    assert not (project.paths.root / "erasures").exists()


def test_a_shared_address_alone_names_nobody(project: Project) -> None:
    with pytest.raises(NothingToEraseError, match="several people have it"):
        erase(project, [("email", "home@shop.org")], "dpo")
    with pytest.raises(NobodyNamedError, match="identifier 2: the value is a placeholder or no email"):
        erase(project, [*ANN, ("email", "not an address")], "dpo")
    assert OpsStore(project.paths).erasures() == []


def test_half_done_publishes_nothing_and_is_finished_by_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise OSError("disk full")

    halves = tuple(
        stores.Store(**{**store.__dict__, "erase": broken}) if store.name == "published/" else store
        for store in stores.STORES
    )
    monkeypatch.setattr(passing, "STORES", halves)
    with pytest.raises(OSError, match="disk full"):
        erase(project, ANN, "dpo")
    with pytest.raises(ErasureHalfDoneError, match="concierge erase --resume"):
        publish_tables(project, "v3")
    monkeypatch.undo()
    (proof,) = finish(project)
    assert proof.holds
    assert remains(project.paths.root, [*needles(project, "ann"), "Ann Lee"]) == []
    assert finish(project) == []
    publish_tables(project, "v3")


def test_a_failing_scan_fails_the_command_and_says_where(project: Project) -> None:
    forgotten = project.paths.root / "data_docs" / "list.bin"
    forgotten.write_bytes(b"\xff\xfe" + hash_of(project, "ann login").encode())
    with pytest.raises(ErasureNotProvedError, match=r"data_docs/list.bin still names them \(hash\)"):
        erase(project, ANN, "dpo")
    forgotten.unlink()
    # The lake's files have other names by now, and one of them names her still.
    file = next(path for path in project.paths.lake_events.rglob("*.parquet") if "-erased-" in path.name)
    rows = pq.read_table(file, partitioning=None)
    place = rows.schema.get_field_index("query")
    named = pa.array(["of ann-lee-77"] * rows.num_rows, rows.schema.field(place).type)
    pq.write_table(rows.set_column(place, rows.schema.field(place), named), file)
    (proof,) = finish(project)
    assert proof.holds
    assert remains(project.paths.root, [*needles(project, "ann"), "Ann Lee"]) == []


def test_every_file_of_the_shop_belongs_to_a_store(erased: Project) -> None:
    assert stores.unclaimed(erased.paths.root) == []
    (erased.paths.root / "somewhere.txt").write_text("")
    assert stores.unclaimed(erased.paths.root) == ["somewhere.txt"]
    (erased.paths.root / "somewhere.txt").unlink()


def test_a_restored_backup_forgets_whom_the_old_folder_erased(project: Project, erased: Project) -> None:
    """`project` stands for a backup from before: same keys, no tombstones."""
    (proof,) = erase_again(project, erased.paths)
    assert proof.holds
    assert remains(project.paths.root, [*needles(project, "ann"), "Ann Lee"]) == []
    assert remains(project.paths.root, needles(project, "bob"))
    assert take_in(project).state == "unchanged"
    assert erase_again(project, erased.paths) == []
    assert [one.state for one in OpsStore(project.paths).erasures()] == ["done"]


def test_a_restored_backup_forgets_those_whom_neither_ledger_nor_lake_knows(project: Project, tmp_path: Path) -> None:
    """Carl wrote what was set aside, dora refused, emil was decided for within the hour of the backup."""
    carl, dora, emil = (
        str(hash_identifier(identifier_key_bytes(project.paths), kind, value))
        for kind, value in (("login", "carl-xx-99"), ("email", "dora@shop.org"), ("cookie", "cookie-of-emil"))
    )
    broken = write_landing(project, [event(30, "nonsense", login="carl-xx-99")], "late.jsonl")
    take_in(project, broken.name)
    with OpsStore(project.paths).transaction() as connection:
        connection.execute(
            "insert into consent (identifier, purpose, occurred_at, granted)"
            " values (?, 'analytics', '2018-01-01T00:00:00+00:00', 0)",
            (dora,),
        )
    (project.paths.service_log / "decisions" / "w2-000001.open").write_bytes(decision("p7", [("cookie", emil)]))
    memory = DataPaths(tmp_path / "memory")
    shutil.copytree(project.paths.keys, memory.keys)
    scope = Scope("request-of-three", NOW, 3, {carl: "login", dora: "email", emil: "cookie"})
    request = ErasureRequest(scope.request_id, scope.at, "dpo", 3)
    OpsStore(memory).open_erasure(request, scope.tombstones(memory))
    (proof,) = erase_again(project, memory)
    assert proof.holds
    assert remains(project.paths.root, ["carl-xx-99", dora[:15], emil[:15]]) == []
    assert remains(project.paths.root, needles(project, "bob"))


def test_what_she_does_after_her_erasure_is_a_new_relationship(project: Project) -> None:
    scope = Scope("r", NOW, 1)
    for name in ("ann login", "ann mail", "ann cookie"):
        scope.add(hash_of(project, name), "login")
    log_store.survey(project, scope)
    assert scope.clear == {"cookie-of-ann-1"}
    log_store.erase(project, scope)
    ends = log_store.ends(project)
    segment = project.paths.service_log / "decisions" / "w1-000002.open"
    with segment.open("ab") as file:
        file.write(decision("p9", [("login", hash_of(project, "ann login"))]))
    (segment.parent / "w1-000003.open").write_bytes(decision("p10", [("login", hash_of(project, "ann login"))]))

    def logs(known: dict[str, int] | None) -> list[str]:
        return [found.path for found in Scanner(project, scope, known).scan().found if found.store == "service_log/"]

    assert logs(ends) == []
    assert logs(None) == ["service_log/decisions/w1-000002.open", "service_log/decisions/w1-000003.open"]


def test_an_identifier_that_nobody_ever_used_is_told(project: Project) -> None:
    assert any(
        "1 of the identifiers that were given are unknown" in note
        for note in plan(project, [("login", "x-y-z-1")]).notes
    )


def test_a_file_of_a_large_table_that_is_behind_its_table_is_written_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hourly run took her old row out of the database alone; the file follows only with the daily run."""
    monkeypatch.setattr(exports_store, "LARGE_ROWS", 1)
    version = project.paths.published / "v2"
    ann = customer_of(project, "ann login")
    with closing(duckdb.connect(str(version / "concierge.duckdb"))) as connection:
        connection.execute(f"delete from marts.dim_customer where customer_id = '{ann}'")
    assert ann in str(pq.read_table(version / "marts.dim_customer.parquet").to_pylist())
    scope = Scope("request-one", NOW, 1)
    scope.add(hash_of(project, "ann login"), "login")
    exports_store.erase(project, scope)
    file = (project.paths.published / "current").resolve() / "marts.dim_customer.parquet"
    assert [row["customer_id"] for row in pq.read_table(file).to_pylist()] == [customer_of(project, "bob login")]
