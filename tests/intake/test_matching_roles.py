"""Columns with a matching role reach the vault under the role's name, with whose record they are, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.contract import SourceContract
from intake.hashing import hash_identifier
from intake.ingest import ingest
from intake.matching_roles import ROLES, Matching
from intake.project import Project
from intake.vault_roles import role_columns
from tests.intake.scene import KEY, contract, lake_rows, write_jsonl

MATCHING: dict[str, Any] = {
    "given_name": "first",
    "family_name": "last",
    "street_address": ["house", "street"],
    "postal_code": "zip",
    "email": "mail",
    "phone": "tel",
    "birth_date": "born",
}


def crm(**changes: Any) -> SourceContract:
    base: dict[str, Any] = {
        "kind": "crm",
        "event_type": "profile_updated",
        "columns": {"occurred_at": "at"},
        "identifiers": [
            {"type": "email", "column": "mail"},
            {"type": "phone", "column": "tel"},
            {"type": "crm_id", "column": "no"},
        ],
        "matching": MATCHING,
        "properties": "rest",
    }
    return contract(**{**base, **changes})


def person(number: str, **changes: Any) -> dict[str, Any]:
    base = {
        "id": number, "at": "2017-05-01T10:00:00Z", "no": number, "mail": "ann@shop.com", "tel": "+12125550999",
        "first": "Ann", "last": "Example", "house": 7, "street": "High Street", "zip": "10115", "born": "1980-02-29",
        "colour": "red",
    }  # fmt: skip
    return {**base, **changes}


def vault(project: Project, source: SourceContract, rows: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    report = ingest(project, source, [write_jsonl(folder / "crm.jsonl", rows)]).files[0]
    assert report.accepted == len(rows)
    files = list(project.paths.vault.glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def hashed(kind: str, value: str) -> str | None:
    return hash_identifier(KEY.encode(), kind, value)


def test_a_record_with_its_roles(project: Project, tmp_path: Path) -> None:
    (row,) = vault(project, crm(), [person("c1")], tmp_path)
    assert row == {
        "event_id": "c1",
        "source": "clicks",
        "occurred_at": datetime(2017, 5, 1, 10, tzinfo=UTC),
        "received_at": datetime(2017, 5, 1, 10, tzinfo=UTC),
        "identifier_type": "email",
        "identifier_value": hashed("email", "ann@shop.com"),
        "record_type": "crm_id",
        "record_value": hashed("crm_id", "c1"),
        "email_hash": hashed("email", "ann@shop.com"),
        "phone_hash": hashed("phone", "+12125550999"),
        **dict.fromkeys(ROLES),
        "given_name": "Ann",
        "family_name": "Example",
        "street_address": "7 High Street",
        "postal_code": "10115",
        "email": "ann@shop.com",
        "phone": "+12125550999",
        "birth_date": "1980-02-29",
    }


def test_mapped_columns_leave_no_trace_in_events(project: Project, tmp_path: Path) -> None:
    vault(project, crm(), [person("c1")], tmp_path)
    (event,) = lake_rows(project)
    assert event["properties"] == '{"colour":"red","email_domain":"shop.com"}'
    outside = [path for path in project.paths.root.rglob("*") if path.is_file() and path.parent != project.paths.vault]
    for word in (b"Example", b"High Street", b"1980-02-29"):
        assert all(word not in path.read_bytes() for path in outside)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["email", "login", "pos_id"], "pos_id"),
        (["loyalty_id", "login"], "login"),
        (["cookie", "phone", "email"], "email"),
        (["cookie", "ip"], None),
    ],
)
def test_the_first_id_present_names_the_record(
    project: Project, tmp_path: Path, kinds: list[str], expected: str | None
) -> None:
    value = {"email": "ann@shop.com", "phone": "+12125550999", "ip": "203.0.113.9"}
    identifiers = [{"type": kind, "column": f"{kind}_column"} for kind in kinds]
    columns = {f"{kind}_column": value.get(kind, "abc") for kind in kinds}
    (row,) = vault(project, crm(identifiers=identifiers), [person("c1", **columns)], tmp_path)
    assert row["record_type"] == expected
    assert row["record_value"] == (hashed(expected, value.get(expected, "abc")) if expected else None)


def test_rows_without_any_role_are_not_kept(project: Project, tmp_path: Path) -> None:
    nothing = dict.fromkeys(("mail", "tel", "first", "last", "house", "street", "zip", "born"))
    rows = vault(project, crm(), [person("c1", **nothing), person("c2", **{**nothing, "zip": "10115"})], tmp_path)
    assert [(row["event_id"], row["postal_code"], row["street_address"]) for row in rows] == [("c2", "10115", None)]


def test_what_a_record_says_again_is_kept_once_as_it_arrived_first(project: Project, tmp_path: Path) -> None:
    times = ["2017-05-03T00:00:00Z", "2017-05-01T00:00:00Z", "2017-05-02T00:00:00Z"]
    rows = [person(str(number), no="c1", at=time) for number, time in enumerate(times)]
    rows.append(person("3", no="c1", at="2017-05-04T00:00:00Z", last="Sample"))
    kept = vault(project, crm(), rows, tmp_path)
    assert [(row["event_id"], row["family_name"]) for row in kept] == [("1", "Example"), ("3", "Sample")]


def test_other_personal_columns_stand_beside_the_roles(project: Project, tmp_path: Path) -> None:
    source = crm(personal_data=["maiden_name", "city", "last"])
    (row,) = vault(project, source, [person("c1", maiden_name="Sample", city="Bonn")], tmp_path)
    assert (row["maiden_name"], row["source_city"], row["city"], row["family_name"]) == (
        "Sample",
        "Bonn",
        None,
        "Example",
    )
    assert "last" not in row


@pytest.mark.parametrize(
    ("given", "pattern", "expected"),
    [
        ("1980-02-29", None, "1980-02-29"),
        ("1980-02-29T00:00:00Z", None, "1980-02-29"),
        ("19800229", None, "1980-02-29"),
        ("29.02.1980", None, "1980-02-29"),
        ("02/29/1980", None, "1980-02-29"),
        ("29/02/1980", None, "1980-02-29"),
        ("03/04/1980", None, "1980-03-04"),
        ("03/04/1980", "%d/%m/%Y", "1980-04-03"),
        ("80-04-03", "%y-%m-%d", "1980-04-03"),
        ("1980-02-30", None, "1980-02-30"),
        ("19801745", None, "1980-17-45"),
        ("29021980", None, None),
        ("9999-12-31", None, None),
        ("1900-01-01", None, None),
        ("1970-01-01", None, None),
        ("0001-01-01", None, None),
        ("unknown", None, None),
        (None, None, None),
    ],
)
def test_birth_dates(given: str | None, pattern: str | None, expected: str | None) -> None:
    table = pa.table({"born": pa.array([given], pa.string())})
    roles = role_columns(table, Matching(birth_date="born", birth_date_format=pattern))
    assert roles["birth_date"].to_pylist() == [expected]


def test_birth_dates_that_are_dates_or_numbers() -> None:
    typed = pa.table({"born": pa.array([datetime(1980, 2, 29, tzinfo=UTC).date()]), "digits": pa.array([19800229])})
    for column in typed.column_names:
        assert role_columns(typed, Matching(birth_date=column))["birth_date"].to_pylist() == ["1980-02-29"]
