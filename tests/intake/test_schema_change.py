"""Columns come, go and change; nothing that can be read is lost, and somebody is told once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.contract import SourceContract
from intake.ingest import ingest
from intake.ops_records import Alert
from intake.ops_store import OpsStore
from intake.personal_look import named_personal
from intake.project import Project
from intake.report import FileReport
from tests.intake.scene import click, contract, lake_rows

COLUMNS = {"occurred_at": "at", "product_id": "product", "amount": "amount"}
FORMATS = ("csv", "jsonl", "parquet")


def source(kind: str, **changes: Any) -> SourceContract:
    return contract(format=kind, columns=COLUMNS, event_id="id", properties=["note"], **changes)


def rows(prefix: str, count: int = 30, **changes: Any) -> list[dict[str, Any]]:
    made = [click(f"{prefix}{n}", amount=1.5, note="x", ignored="i") | changes for n in range(count)]
    return [{name: value for name, value in row.items() if value != "DROP"} for row in made]


def write(file: Path, kind: str, content: list[dict[str, Any]]) -> Path:
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(content), file)
    elif kind == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in content))
    else:
        lines = [",".join(content[0]), *(",".join(str(value) for value in row.values()) for row in content)]
        file.write_text("\n".join(lines) + "\n")
    return file


def take(project: Project, kind: str, name: str, content: list[dict[str, Any]], **changes: Any) -> FileReport:
    file = write(project.paths.root.parent / f"{name}.{kind}", kind, content)
    return ingest(project, source(kind, **changes), [file]).files[0]


def alerts(project: Project) -> dict[str, Alert]:
    return {alert.cause: alert for alert in OpsStore(project.paths).list_alerts("open")}


def properties(project: Project, prefix: str) -> list[dict[str, Any]]:
    return [json.loads(row["properties"]) for row in lake_rows(project) if row["event_id"].startswith(prefix)]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_new_column_flows_and_is_told_once(project: Project, kind: str) -> None:
    assert take(project, kind, "a", rows("a")).accepted == 30
    assert alerts(project) == {}
    assert take(project, kind, "b", rows("b", colour="red")).accepted == 30
    (alert,) = alerts(project).values()
    assert (alert.cause, alert.severity, alert.source) == ("schema:new:clicks:colour", "info", "clicks")
    assert "2017-05-01" in alert.detail
    assert properties(project, "a")[0] == {"note": "x"}
    assert properties(project, "b")[0] == {"note": "x", "unmapped": {"colour": "red"}}
    assert take(project, kind, "c", rows("c", colour="blue")).accepted == 30
    assert [alert.count for alert in alerts(project).values()] == [1]
    assert properties(project, "c")[0]["unmapped"] == {"colour": "blue"}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("name", "value"), [("contactEmail", "none given"), ("remark", "ann@mail.example")])
def test_a_new_column_that_looks_personal_stays_out(project: Project, kind: str, name: str, value: str) -> None:
    take(project, kind, "a", rows("a"))
    for content in (rows("b"), rows("c")):
        take(project, kind, content[0]["id"], [row | {name: value} for row in content])
    (alert,) = alerts(project).values()
    assert "looks personal" in alert.title
    assert name in alert.title
    assert "ann@" not in alert.detail + str(alert.sample)
    assert all("unmapped" not in found for found in properties(project, ""))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_vanished_column_loses_only_what_needs_it(project: Project, kind: str) -> None:
    take(project, kind, "a", rows("a"))
    report = take(project, kind, "b", rows("b", note="DROP"))
    assert (report.state, report.accepted, report.quarantined) == ("ingested", 30, 0)
    (alert,) = alerts(project).values()
    assert (alert.cause, alert.severity) == ("schema:vanished:clicks:note", "warning")
    assert "2017-05-01" in alert.detail
    report = take(project, kind, "c", rows("c", product="DROP", note="DROP"))
    assert report.reasons == {"missing_field:product_id": 30}
    assert set(alerts(project)) == {"schema:vanished:clicks:note", "schema:vanished:clicks:product"}
    take(project, kind, "d", rows("d"))
    assert [cause for cause in alerts(project) if "schema" in cause] == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_column_that_nobody_needs_may_go(project: Project, kind: str) -> None:
    take(project, kind, "a", rows("a"))
    assert take(project, kind, "b", rows("b", ignored="DROP")).accepted == 30
    (alert,) = alerts(project).values()
    assert (alert.cause, alert.severity) == ("schema:vanished:clicks:ignored", "info")


@pytest.mark.parametrize("kind", FORMATS)
def test_optional_columns_and_aliases_may_come_and_go(project: Project, kind: str) -> None:
    words: dict[str, Any] = {"optional": ["note"], "aliases": {"product": ["sku"]}}
    take(project, kind, "a", rows("a"), **words)
    renamed = [{**row, "sku": row.pop("product")} for row in rows("b", note="DROP")]
    assert take(project, kind, "b", renamed, **words).accepted == 30
    assert alerts(project) == {}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_retyped_column_quarantines_what_cannot_be_read(project: Project, kind: str) -> None:
    take(project, kind, "a", rows("a"))
    content = rows("b", amount="much")
    content[:3] = rows("b", 3, amount="2.5")
    report = take(project, kind, "b", content)
    assert (report.accepted, report.reasons) == (3, {"invalid_number:amount": 27})
    (alert,) = alerts(project).values()
    assert alert.cause == "schema:retyped:clicks:amount"
    assert "text instead of number" in alert.title
    assert "2017-05-01" in alert.detail
    take(project, kind, "more", rows("more", amount="more"))
    assert set(alerts(project)) == {alert.cause}
    notes = [line.note for line in OpsStore(project.paths).alert_notes(alert.alert_id)]
    assert notes == [f"b.{kind}: invalid_number:amount 27", f"more.{kind}: invalid_number:amount 30"]
    take(project, kind, "c", rows("c"))
    assert not {cause for cause in alerts(project) if "retyped" in cause}


def test_one_odd_value_is_no_change_of_the_schema(project: Project) -> None:
    take(project, "csv", "a", rows("a"))
    take(project, "csv", "b", [*rows("b"), *rows("odd", 1, amount="much")])
    assert set(alerts(project)) == {"intake:quarantine:clicks"}


def test_another_file_altogether_is_refused_as_before(project: Project) -> None:
    take(project, "csv", "a", rows("a"))
    report = take(project, "csv", "b", [{"customer": "c-1", "city": "Leeds"}])
    assert (report.state, "wrong header" in report.message) == ("unreadable", True)


@pytest.mark.parametrize(
    "name",
    ["email", "E-Mail", "kundenEmail", "Telefonnummer", "first_name", "Vorname", "birth_date", "mobile", "Street"],
)
def test_names_of_personal_columns(name: str) -> None:
    assert named_personal(name)


@pytest.mark.parametrize("name", ["product_name", "colour", "hotel", "campaign", "domain", "ship_method"])
def test_names_of_other_columns(name: str) -> None:
    assert not named_personal(name)
