"""Lines of orders in one file and their headers in another beside it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.ingest import ingest
from intake.project import Project
from intake.replay import replay
from tests.intake.scene import click, contract, lake_rows, write_jsonl

LINES = "nr;sku;qty;price\n0017;A;1;1,50\n0017;B;2;1.000,00\n0018;A;3;2,00\n0099;A;1;1,50\n"
HEADS = "nr;placed;name;mail\n0017;01.03.2017;Jürgen;j@mail.example\n0018;2.03.2017;Zoë;z@mail.example\n0020;x;y;z\n"
ORDERS = contract(
    name="orders", kind="online_orders", format="csv", delimiter=";", encoding="cp1252", event_id=None,
    event_type="order_completed", natural_key=["nr"], time_format="%d.%m.%Y",
    numbers={"decimal": ",", "thousands": "."},
    columns={"occurred_at": "placed", "order_id": "nr"}, identifiers=[{"type": "email", "column": "mail"}],
    lines={"group_by": ["nr"],
           "fields": {"product_id": "sku", "quantity": "qty", "amount": {"multiply": ["qty", "price"]}}},
    properties={"buyer": "name"}, join={"file": "heads.csv", "keys": ["nr"], "columns": ["placed", "mail", "name"]},
)  # fmt: skip


@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_headers_are_found_by_keys_as_they_are_written(project: Project, tmp_path: Path, mark: str) -> None:
    """Keys keep their leading zeros; the reference has the input's encoding, and whichever delimiter it has."""
    (tmp_path / "lines.csv").write_bytes(LINES.encode("cp1252"))
    (tmp_path / "heads.csv").write_bytes(HEADS.replace(";", mark).encode("cp1252"))
    report = ingest(project, ORDERS, [tmp_path / "lines.csv"]).files[0]
    assert (report.accepted, report.reasons) == (3, {"missing_field:occurred_at": 1}), report.message
    events = {event["order_id"]: event for event in lake_rows(project)}
    assert {order: event["amount"] for order, event in events.items()} == {
        "0017": Decimal("2001.5"),
        "0018": Decimal(6),
    }
    assert '"buyer":"Jürgen"' in events["0017"]["properties"]
    assert events["0017"]["identifiers"][0]["type"] == "email"


def test_a_reference_without_a_joined_column_is_told(project: Project, tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text(LINES)
    (tmp_path / "heads.csv").write_text("nr;placed\n0017;01.03.2017\n")
    assert (
        "column 'mail', which is joined, is missing"
        in ingest(project, ORDERS, [tmp_path / "lines.csv"]).files[0].message
    )


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_keys_are_found_that_the_contract_reads_for_nothing_else(project: Project, tmp_path: Path, ending: str) -> None:
    """A key that went through a table of floats is the same key; who has none has no part in an empty one."""
    keys = {"a": "1001", "b": "1002.0", "c": "NA", "d": None, "e": "8"}
    rows = [click(name, shop=key) for name, key in keys.items()] + [click("f", shop="1001", type="odd")]
    write_jsonl(tmp_path / "in.jsonl", rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    (tmp_path / "shops.csv").write_text('sep=,\n"shop ", opens \n1001.0,08:30\n1002,NA\nNA,2017-05-01\n,9:00\n')
    join = {"file": "shops.csv", "keys": ["shop"], "columns": ["opens"]}
    spec = {"format": ending, "location": str(tmp_path / "in.*"), "properties": ["opens"], "join": join}
    ingest(project, contract(**spec), [tmp_path / f"in.{ending}"])
    replay(project, contract(**spec, event_type={"column": "type", "map": {"odd": "custom"}}))
    found = {event["event_id"]: json.loads(event["properties"]).get("opens") for event in lake_rows(project)}
    assert found == {"a": "08:30", "b": "NA", "c": "2017-05-01", "d": None, "e": None, "f": "08:30"}
