"""Rotation of keys over a lake, vault, log and consent: nobody is lost, no older hash stays, and it can be repeated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from intake.contract import load_contract
from intake.hashing import MAX_KEYS, hash_identifier, identifier_key
from intake.ingest import ingest
from intake.keys import identifier_key_bytes, later_key_file, later_keys
from intake.log_line import payload, with_checksum
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.scan import scan_locations
from orchestration.rekeying import rotation
from orchestration.rekeying.rotation import RotationError, rotate
from orchestration.warehouse import Warehouse
from tests.intake.scene import lake_rows

CONTRACT = """
name: people
kind: crm
format: jsonl
event_type: {column: kind}
event_id: id
columns: {occurred_at: at}
identifiers:
  - {type: crm_id, column: number}
  - {type: email, column: mail}
personal_data: [mail]
matching: {email: mail, given_name: name}
properties: {purpose: purpose, granted: granted}
"""
NUMBERS = range(1, 41)
AT = "2017-03-01T10:00:00Z"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project.open(DataPaths(tmp_path / "data"), repository_root() / "config")
    rows: list[dict[str, Any]] = [
        {"id": f"e{number}", "kind": "profile_updated", "at": AT, "number": str(number), "name": f"Name{number}"}
        | {"mail": f"p{number}@shop.example"}
        for number in NUMBERS
    ]
    rows.append(
        {"id": "c", "kind": "consent_updated", "at": AT, "number": "3", "purpose": "analytics", "granted": False}
    )
    land(found, tmp_path, rows)
    line = {"event_id": "w1", "event_type": "page_viewed", "identifiers": [pair(found)], "occurred_at": AT}
    line |= {"properties": {"value": "0" * 32}, "received_at": AT}
    segment = found.paths.service_log / "events" / "w-1.jsonl"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(with_checksum(json.dumps(line, separators=(",", ":")).encode()) + b"torn")
    scan_locations(found, ["service_events"])
    return found


def land(project: Project, folder: Path, rows: list[dict[str, Any]], name: str = "people") -> None:
    (folder / "people.yml").write_text(CONTRACT)
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(project, load_contract(folder / "people.yml"), [folder / f"{name}.jsonl"])


def pair(project: Project) -> dict[str, str]:
    return {"type": "email", "value": hashed(project, "email", "p3@shop.example")}


def hashed(project: Project, kind: str, value: str) -> str:
    return str(hash_identifier(identifier_key_bytes(project.paths), kind, value))


def hashes(project: Project) -> set[str]:
    found = [hashed(project, "crm_id", str(number)) for number in NUMBERS]
    return {*found, *(hashed(project, "email", f"p{number}@shop.example") for number in NUMBERS)}


def everything(project: Project) -> str:
    """Every store's content in readable form, by other means than the product's."""
    paths = project.paths
    text = "".join(str(row) for row in lake_rows(project))
    text += "".join(str(pq.read_table(file).to_pylist()) for file in paths.vault.rglob("*.parquet"))
    text += "".join(file.read_text() for file in paths.service_log.rglob("*.jsonl"))
    return text + str([tuple(row) for row in OpsStore(paths).rows("select * from consent")])


def test_every_store_has_new_hashes_of_the_same_identifiers(project: Project) -> None:
    before, rows, events = hashes(project), lake_rows(project), len(OpsStore(project.paths).touches())
    assert all(value in everything(project) for value in before)
    done = rotate(project)
    after, content = hashes(project), everything(project)
    assert (done.keys, done.resumed) == (2, False)
    assert not before & after
    assert not [value for value in before if value in content]
    assert all(value in content for value in after)
    assert {identifier_key(value) for value in before} == {identifier_key(value) for value in after}
    assert [row | {"identifiers": None} for row in lake_rows(project)] == [row | {"identifiers": None} for row in rows]
    assert len(OpsStore(project.paths).touches()) == events
    assert later_key_file(project.paths, 2).stat().st_mode & 0o777 == 0o600


def test_the_log_keeps_its_lines_and_is_not_taken_in_again(project: Project) -> None:
    segment = project.paths.service_log / "events" / "w-1.jsonl"
    before = segment.stat()
    rotate(project)
    after = segment.stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    sound, torn = segment.read_bytes().split(b"\n")
    said = json.loads(payload(sound))
    assert said["identifiers"] == [pair(project)]
    assert said["properties"] == {"value": "0" * 32}
    assert torn == b"torn"
    (report,) = scan_locations(project, ["service_events"])
    assert {file.state for file in report.files} == {"unchanged"}


def test_what_comes_afterwards_meets_what_was_there(project: Project, tmp_path: Path) -> None:
    rotate(project)
    late = {"id": "late", "kind": "profile_updated", "at": "2017-03-02T10:00:00Z", "number": "3", "name": "Name3"}
    land(project, tmp_path, [late], "late")
    found = {row["event_id"]: row["identifiers"] for row in lake_rows(project)}
    assert len(found["late"]) == 1
    assert found["late"][0] in found["e3"]


def test_a_worker_with_the_older_key_is_understood(project: Project) -> None:
    old = pair(project)
    rotate(project)
    line = {"event_id": "w2", "event_type": "page_viewed", "identifiers": [old], "occurred_at": AT, "received_at": AT}
    segment = project.paths.service_log / "events" / "w-2.jsonl"
    segment.write_bytes(with_checksum(json.dumps(line).encode()))
    scan_locations(project, ["service_events"])
    (event,) = [row for row in lake_rows(project) if row["event_id"] == "w2"]
    assert event["identifiers"] == [pair(project)] != [old]


@pytest.mark.parametrize("store", [name for name, _ in rotation.STORES])
def test_killed_at_any_store_it_goes_on_with_the_same_key(
    project: Project, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = hashes(project)

    def die(*_: object) -> int:
        raise KeyboardInterrupt

    dying = tuple((name, die if name == store else rewrite) for name, rewrite in rotation.STORES)
    with monkeypatch.context() as patched:
        patched.setattr(rotation, "STORES", dying)
        with pytest.raises(KeyboardInterrupt):
            rotate(project)
    done = rotate(project)
    assert (done.keys, done.resumed, len(later_keys(project.paths))) == (2, True, 1)
    assert all(value in everything(project) for value in hashes(project))
    assert not [value for value in old if value in everything(project)]


def test_a_chain_has_an_end(project: Project) -> None:
    for number in range(2, MAX_KEYS + 1):
        later_key_file(project.paths, number).write_bytes(b"k" * 32 + str(number).encode())
    rotate(project)
    with pytest.raises(RotationError, match=f"holds {MAX_KEYS} keys"):
        rotate(project)


def test_events_of_the_warehouse_keep_their_lists_under_new_hashes(project: Project) -> None:
    files = [str(project.paths.root / file.path) for file in OpsStore(project.paths).visible_files()]
    warehouse, told = Warehouse(project.paths.warehouse), "select event_id, identifiers from intermediate.int_events"
    with warehouse.connect() as connection:
        connection.execute("create schema intermediate").fetchall()
        connection.execute(
            "create table intermediate.int_events as select event_id, identifiers"
            f" from read_parquet({files}, hive_partitioning = false)"
        ).fetchall()
    before = hashes(project)
    rotate(project)
    assert not [value for value in before if value in str(warehouse.rows(told))]
    lake = {row["event_id"]: row["identifiers"] for row in lake_rows(project)}
    assert {str(name): pairs for name, pairs in warehouse.rows(told)} == lake
