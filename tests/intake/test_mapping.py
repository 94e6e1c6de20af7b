"""How rows become events: identifiers, properties, grouping, references; compared with plain Python."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.contract import SourceContract
from intake.contract_terms import Expression
from intake.event import EVENT_SCHEMA, IDENTIFIER_TYPES
from intake.hashing import hash_identifier
from intake.identifiers import Hasher
from intake.ingest import ingest
from intake.mapping import Surroundings, map_rows
from intake.project import Project
from tests.intake.scene import KEY, NOW, click, contract, lake_rows, write_jsonl

SURROUNDINGS = Surroundings(Hasher(KEY.encode()), NOW, "USD")
BASKETS = contract(
    name="baskets",
    event_type="order_completed",
    event_id=None,
    natural_key=["basket"],
    lines={
        "group_by": ["basket"],
        "fields": {
            "product_id": "sku",
            "quantity": "qty",
            "amount": {"multiply": ["qty", "price"]},
            "list_amount": {"sum": [{"multiply": ["qty", "price"]}, "off"]},
            "discount_amount": "off",
        },
        "totals": {"paid_before": {"sum": [{"multiply": ["qty", "price"]}, "off"]}},
    },
    columns={"occurred_at": "at", "order_id": "basket"},
)

PAID = {"quantity": Expression(column="qty"), "amount": Expression(column="price")}

line_rows = st.lists(
    st.fixed_dictionaries(
        {
            "basket": st.integers(1, 4),
            "sku": st.sampled_from(["p1", "p2", 'odd "name"']),
            "qty": st.integers(0, 9),
            "price": st.integers(0, 99_999).map(lambda cents: cents / 100),
            "off": st.integers(0, 500).map(lambda cents: cents / 100),
        }
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None, max_examples=50)
@given(rows=line_rows)
def test_grouped_lines_add_up_to_their_order(rows: list[dict[str, Any]]) -> None:
    stamped = [{**row, "at": "2017-05-01T10:00:00Z", "login": "ann"} for row in rows]
    mapped = map_rows(pa.Table.from_pylist(stamped), BASKETS, SURROUNDINGS)
    events = {event["order_id"]: event for event in mapped.events.to_pylist()}
    frame = pd.DataFrame(rows)
    assert list(events) == [str(basket) for basket in frame["basket"].unique()]
    for basket, own in frame.groupby("basket"):
        event = events[str(basket)]
        properties = json.loads(event["properties"], parse_float=Decimal)
        amounts = [Decimal(str(line["amount"])) for line in properties["lines"]]
        assert sum(amounts) == event["amount"]
        assert amounts == [Decimal(str(round(value, 4))) for value in own["qty"] * own["price"]]
        assert [line["product_id"] for line in properties["lines"]] == own["sku"].tolist()
        assert properties["discount_amount"] == round(Decimal(str(own["off"].sum())), 4)
        assert properties["paid_before"] - properties["discount_amount"] == event["amount"]
        for line in properties["lines"]:
            assert line["list_amount"] - line["discount_amount"] == line["amount"]
    assert mapped.rows_of_event.sum() == len(rows)


def test_a_discount_that_the_contract_gives_the_order_goes_before_those_of_its_lines() -> None:
    stated = {"discount_amount": Expression(column="taken_off")}
    contract = BASKETS.model_copy(update={"properties": stated})
    row = {"basket": 1, "sku": "p1", "qty": 1, "price": 5, "off": 1, "taken_off": 2, "at": "2017-05-01T10:00:00Z"}
    mapped = map_rows(pa.Table.from_pylist([{**row, "login": "ann"}]), contract, SURROUNDINGS)
    assert json.loads(mapped.events["properties"][0].as_py())["discount_amount"] == 2


def test_a_line_that_cannot_be_read_is_set_aside_alone(project: Project, tmp_path: Path) -> None:
    row = {"basket": "b1", "sku": "p1", "qty": 1, "price": 2.5, "off": 0, "at": "2017-05-01T10:00:00Z", "login": "ann"}
    rows = [row, {**row, "price": "much"}, {**row, "basket": None}, {**row, "qty": 3}]
    report = ingest(project, BASKETS, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert report.reasons == {
        "invalid_number:amount": 1,
        "missing_field:basket": 1,
    }
    assert (report.rows_read, report.accepted, report.events) == (4, 2, 1)
    assert lake_rows(project)[0]["amount"] == Decimal("10.0000")


def test_an_order_that_cannot_be_takes_all_its_lines_along(project: Project, tmp_path: Path) -> None:
    row = {"basket": "b1", "sku": "p1", "qty": 1, "price": 2.5, "off": 0, "at": "2090-05-01T10:00:00Z", "login": "ann"}
    rows = [row, row, {**row, "basket": "b2", "at": "2017-05-01T10:00:00Z"}]
    report = ingest(project, BASKETS, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert (report.accepted, report.reasons) == (1, {"future_timestamp": 2})


def test_an_order_of_fewer_than_no_pieces_is_set_aside(project: Project, tmp_path: Path) -> None:
    row = {"at": "2017-05-01T10:00:00Z", "login": "ann", "price": 5, "off": 0}
    pieces = [("b1", 2), ("b1", -1), ("b2", -2), ("b2", 1), ("b3", 1)]
    rows = [{**row, "basket": basket, "sku": f"p{n}", "qty": n} for basket, n in pieces]
    paid = BASKETS.model_copy(update={"lines": BASKETS.lines and BASKETS.lines.model_copy(update={"fields": PAID})})
    report = ingest(project, paid, [write_jsonl(tmp_path / "orders.jsonl", rows)]).files[0]
    assert (report.accepted, report.reasons) == (3, {"negative:quantity": 2})


def test_equal_lines_are_kept_unless_the_contract_drops_them(project: Project, tmp_path: Path) -> None:
    row = {"basket": "b1", "sku": "p1", "qty": 1, "price": 2.5, "off": 0, "at": "2017-05-01T10:00:00Z", "login": "ann"}
    file = write_jsonl(tmp_path / "a.jsonl", [row, row])
    assert ingest(project, BASKETS, [file]).files[0].duplicate == 0
    lines = BASKETS.lines
    assert lines is not None
    dropping = BASKETS.model_copy(update={"lines": lines.model_copy(update={"duplicates": "drop"}), "version": 2})
    report = ingest(project, dropping, [file]).files[0]
    assert (report.accepted, report.duplicate) == (1, 1)


identified = st.fixed_dictionaries(
    {
        "login": st.sampled_from([None, "ann", "guest"]),
        "mail": st.sampled_from([None, "Ann@Example.org", "none@none.com"]),
        "cookie": st.sampled_from([None, "k1", "k2", ""]),
    }
)


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(identified, min_size=1, max_size=12))
def test_identifiers_are_hashed_and_the_strongest_comes_first(rows: list[dict[str, str | None]]) -> None:
    specs = [
        {"type": "cookie", "column": "cookie"},
        {"type": "email", "column": "mail"},
        {"type": "login", "column": "login"},
    ]
    source = contract(identifiers=specs)
    table = pa.Table.from_pylist(
        [{**click(str(number)), **row} for number, row in enumerate(rows)],
    )
    found = map_rows(table, source, SURROUNDINGS).events.column("identifiers").to_pylist()
    for row, pairs in zip(rows, found, strict=True):
        clear = {"login": row["login"], "email": row["mail"], "cookie": row["cookie"]}
        hashed = {kind: hash_identifier(KEY.encode(), kind, value) for kind, value in clear.items() if value}
        expected = [{"type": kind, "value": hashed[kind]} for kind in IDENTIFIER_TYPES if hashed.get(kind)]
        assert pairs == expected


def test_hashes_given_as_hashes_are_taken_as_they_are_and_nothing_else() -> None:
    source = contract(identifiers=[{"column": "ids", "hashed": True}])
    pairs = [
        {"type": "cookie", "value": "0" * 32},
        {"type": "login", "value": "in clear"},
        {"type": "odd", "value": "f" * 32},
    ]
    table = pa.Table.from_pylist([{**click("1"), "ids": pairs}, {**click("2"), "ids": None}])
    found = map_rows(table, source, SURROUNDINGS).events.column("identifiers").to_pylist()
    assert found == [[{"type": "cookie", "value": "0" * 32}], []]


def test_properties_hold_the_rest_but_nothing_personal(project: Project, tmp_path: Path) -> None:
    source = contract(properties="rest", personal_data=["name"], sensitive=["age"])
    row = click("1", name="Ann Example", age=41, colour="red", note="write to ann@example.org", deep={"a": [1, 2]})
    ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", [row])])
    properties = json.loads(lake_rows(project)[0]["properties"])
    assert properties == {
        "colour": "red", "note": "write to [removed]", "deep": '{"a":[1,2]}', "sensitive": {"age": 41},
    }  # fmt: skip


def test_a_sources_own_properties_are_merged_and_must_be_an_object(project: Project, tmp_path: Path) -> None:
    source = contract(
        columns={"occurred_at": "at", "product_id": "product", "properties": "extra"}, properties=["size"]
    )
    rows = [
        click("1", extra={"a": 1, "b": {"c": None}}, size=4),
        click("2", extra=None, size=5),
        click("3", extra='{"text": "json"}'),
        click("4", extra="[1]"),
        click("5", extra="{cut"),
    ]
    report = ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert report.reasons == {"invalid_json:properties": 2}
    found = [json.loads(row["properties"]) for row in lake_rows(project)]
    assert found == [{"a": 1, "b": {"c": None}, "size": 4}, {"size": 5}, {"text": "json"}]


@pytest.mark.parametrize("own", [False, True])
def test_crawlers_are_marked_by_their_user_agent(project: Project, tmp_path: Path, own: bool) -> None:
    agents = {
        "1": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "2": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1",
        "3": None,
        "4": "python-requests/2.32",
    }
    if own:
        source = contract(columns={"occurred_at": "at", "product_id": "product", "properties": "extra"})
        rows = [click(key, extra={"user_agent": agent}) for key, agent in agents.items()]
    else:
        source, rows = contract(properties=["user_agent"]), [click(k, user_agent=a) for k, a in agents.items()]
    ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)])
    flags = [json.loads(row["properties"]).get("is_bot") for row in lake_rows(project)]
    assert flags == [True, None, None, True]


def test_a_reference_file_adds_its_columns(project: Project, tmp_path: Path) -> None:
    pq.write_table(pa.table({"campaign": [1, 2], "kind": ["A", "B"]}), tmp_path / "campaigns.parquet")
    source = contract(
        columns={"occurred_at": "at", "product_id": "product", "campaign": "campaign"},
        join={"file": "campaigns.parquet", "keys": ["campaign"], "columns": ["kind"]},
        properties=["kind"],
    )
    file = write_jsonl(tmp_path / "a.jsonl", [click("1", campaign=2), click("2", campaign=7)])
    ingest(project, source, [file])
    assert [json.loads(row["properties"]) for row in lake_rows(project)] == [{"kind": "B"}, {}]
    pq.write_table(pa.table({"campaign": [2, 7], "kind": ["B", "C"]}), tmp_path / "campaigns.parquet")
    assert ingest(project, source, [file]).files[0].state == "ingested"


@pytest.mark.parametrize(("content", "message"), [(None, "cannot be read"), ({"campaign": [1]}, "column 'kind'")])
def test_a_reference_that_is_missing_or_wrong(
    project: Project, tmp_path: Path, content: dict[str, list[int]] | None, message: str
) -> None:
    if content:
        pq.write_table(pa.table(content), tmp_path / "campaigns.parquet")
    source = contract(join={"file": "campaigns.parquet", "keys": ["campaign"], "columns": ["kind"]})
    report = ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", [click("1", campaign=2)])]).files[0]
    assert report.state == "unreadable"
    assert message in report.message


def typed(format_: str) -> SourceContract:
    return contract(
        format=format_,
        columns={"occurred_at": "at", "product_id": "product", "unit_price": "price", "scroll_depth": "depth"},
        optional=["depth"],
    )


def test_formats_agree(project: Project, tmp_path: Path) -> None:
    rows = [click("1", price=1.25), click("2", price=None), click("3", price=0.1, product="ä, ö")]
    jsonl, table, text = tmp_path / "a.jsonl", tmp_path / "a.parquet", tmp_path / "a.csv"
    write_jsonl(jsonl, rows)
    frame = pd.DataFrame(rows)
    frame.to_parquet(table)
    frame.to_csv(text, index=False)
    found = []
    for file, format_ in ((jsonl, "jsonl"), (table, "parquet"), (text, "csv")):
        events = map_events(project, typed(format_), file)
        found.append(events)
    assert found[0] == found[1] == found[2]
    assert found[0][0]["unit_price"] == Decimal("1.2500")
    assert found[0][0]["occurred_at"] == datetime(2017, 5, 1, 10, tzinfo=UTC)


def map_events(project: Project, source: SourceContract, file: Path) -> list[dict[str, Any]]:
    own = Project(type(project.paths)(file.parent / source.format), project.config, project.settings, project.clock)
    ingest(own, source, [file])
    return lake_rows(own)


def test_events_have_the_schema_of_the_lake() -> None:
    mapped = map_rows(pa.Table.from_pylist([click("1")]), contract(), SURROUNDINGS)
    assert mapped.events.schema.equals(EVENT_SCHEMA)


def test_ids_keep_their_zeros_and_lose_the_tail_of_floats() -> None:
    """A table with gaps turns 1001 into 1001.0, in refunds as in products; what is put together stays as it is."""
    rows = [{"basket": order, "sku": "0042.0", "qty": 1, "price": 2, "off": 0, "at": "2017-05-01", "till": 12, "no": 0}
            for order in ("1001.0", "007", "1.5", "v1.0")]  # fmt: skip
    put_together = {"concat": ["till", "no"]}
    columns = {**BASKETS.model_dump()["columns"], "session_id": put_together, "store_id": "basket"}
    source = SourceContract.model_validate({**BASKETS.model_dump(), "columns": columns})
    events = map_rows(pa.Table.from_pylist(rows), source, SURROUNDINGS).events.to_pylist()
    assert [event["order_id"] for event in events] == ["1001", "007", "1.5", "v1.0"]
    assert {event["session_id"] for event in events} == {"12.0"}
    assert {json.loads(event["properties"])["lines"][0]["product_id"] for event in events} == {"0042"}
