"""Paths into objects and arrays, nested lines, rows inside rows: in JSON lines, parquet and CSV alike."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from intake.contract import SourceContract
from intake.ingest import ingest
from intake.nested import member, value_at
from intake.project import Project
from intake.quarantine import read_quarantine
from intake.report import FileReport
from tests.intake.scene import contract, lake_rows, write_jsonl

RECORD: dict[str, Any] = {
    "page": {"url": "/a", "size": {"w": 3}},
    "items": [{"id": "p1", "amount": 2.5}, {"id": "p2"}, {"id": "p3", "amount": 4}],
    "params": [{"key": "title", "value": {"text": "Home"}}, {"name": "colour", "value": "red"}],
    "text": '{"inner": [{"deep": 7}]}',
    "dotted.name": "literal",
    "dotted": {"name": "path"},
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("page.url", "/a"),
        ("page.size.w", 3),
        ("page.none.w", None),
        ("page.url.more", None),
        ("items.0.id", "p1"),
        ("items.9.id", None),
        ("items.*.amount", [2.5, 4]),
        ("items.*.id", ["p1", "p2", "p3"]),
        ("items.id=p3.amount", [4]),
        ("items.id=p9.amount", []),
        ("items.0.id=p1.amount", 2.5),
        ("items.0.id=p2.amount", None),
        ("params.title.text", "Home"),
        ("params.colour", "red"),
        ("params.size", None),
        ("text.inner.0.deep", 7),
        ("dotted.name", "literal"),
        ("none.at.all", None),
    ],
)
def test_a_path_leads_to_a_value_or_nowhere(name: str, expected: object) -> None:
    assert member(RECORD, name) == expected


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(value=json_like, steps=st.lists(st.sampled_from(["a", "b", "0", "*", "a=1", "="]), max_size=4))
def test_no_path_into_anything_fails(value: object, steps: list[str]) -> None:
    found = value_at(value, steps)
    if not steps:
        assert found == value


ORDERS = contract(
    name="orders",
    event_type="order_completed",
    event_id="order.id",
    columns={"occurred_at": "order.at", "order_id": "order.id", "amount": "order.total", "quantity": "order.units"},
    lines={
        "nested": "order.items",
        "fields": {
            "product_id": "sku",
            "quantity": "qty",
            "discount_amount": {"total": "off.*.amount"},
            "amount": {
                "sum": [{"multiply": ["qty", "price"]}, {"multiply": [{"value": -1}, {"total": "off.*.amount"}]}]
            },
        },
        "totals": {"discount_amount": {"total": "off.*.amount"}},
    },
    identifiers=[{"type": "login", "column": "buyer.login"}],
    properties={"city": "buyer.city", "code": "codes.0"},
)


def order(number: str, items: object, **changes: Any) -> dict[str, Any]:
    inner = {"id": number, "at": "2017-05-01T10:00:00Z", "total": 99, "units": 9, "items": items}
    return {"order": inner, "buyer": {"login": "ann", "city": "Leeds"}, "codes": ["MAY"], **changes}


def take(project: Project, source: SourceContract, file: Path) -> FileReport:
    return ingest(project, source, [file]).files[0]


def written(folder: Path, format_: str, rows: list[dict[str, Any]]) -> Path:
    file = folder / f"rows.{format_}"
    if format_ == "jsonl":
        return write_jsonl(file, rows)
    if format_ == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
        return file
    with file.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(rows[0])
        writer.writerows([[json.dumps(value) for value in row.values()] for row in rows])
    return file


@pytest.mark.parametrize("format_", ["jsonl", "parquet", "csv"])
def test_lines_in_a_row_add_up_to_its_order_in_every_format(project: Project, tmp_path: Path, format_: str) -> None:
    items = [
        {"sku": "p1", "qty": 2, "price": 10.5, "off": [{"amount": 1.25}, {"amount": 0.25}]},
        {"sku": "p2", "qty": 1, "price": 3, "off": []},
    ]
    source = ORDERS.model_copy(update={"format": format_})
    report = take(project, source, written(tmp_path, format_, [order("a", items), order("b", [])]))
    assert (report.rows_read, report.accepted) == (2, 2)
    first, second = lake_rows(project)
    properties = json.loads(first["properties"])
    assert properties == {
        "city": "Leeds",
        "code": "MAY",
        "discount_amount": 1.5,
        "lines": [
            {"product_id": "p1", "quantity": 2, "discount_amount": 1.5, "amount": 19.5},
            {"product_id": "p2", "quantity": 1, "discount_amount": 0, "amount": 3},
        ],
    }
    assert first["amount"] == Decimal("22.5") == sum(Decimal(str(line["amount"])) for line in properties["lines"])
    assert first["quantity"] == 3
    assert (second["amount"], second["quantity"]) == (99, 9)
    assert "lines" not in json.loads(second["properties"])
    assert [pair["type"] for pair in first["identifiers"]] == ["login"]


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ("two lamps", "invalid_json:order.items"),
        ({"sku": "p1"}, "invalid_json:order.items"),
        (["p1"], "invalid_json:order.items"),
        ([{"sku": "p1", "qty": 1, "price": "much"}], "invalid_number:amount"),
        ([{"sku": "p1", "qty": 1, "price": 1, "off": [{"amount": "x"}]}], "invalid_number:discount_amount"),
    ],
)
def test_lines_that_cannot_be_read_set_their_order_aside(
    project: Project, tmp_path: Path, items: object, reason: str
) -> None:
    rows = [order("a", items), order("b", [{"sku": "p1", "qty": 1, "price": 1}])]
    report = take(project, ORDERS, write_jsonl(tmp_path / "a.jsonl", rows))
    assert (report.accepted, report.reasons) == (1, {reason: 1})
    (row,) = read_quarantine(project.paths, "orders", report.batch_id)
    assert json.loads(row.original) == rows[0]


def test_lines_count_only_where_their_rule_applies(project: Project, tmp_path: Path) -> None:
    assert ORDERS.lines is not None
    only = ORDERS.lines.model_validate({**ORDERS.lines.model_dump(), "when": {"column": "kind", "matches": "^sale$"}})
    item = [{"sku": "p1", "qty": 2, "price": 1}]
    rows = [order("a", item, kind="sale"), order("b", item, kind="list")]
    take(project, ORDERS.model_copy(update={"lines": only}), write_jsonl(tmp_path / "a.jsonl", rows))
    assert [row["amount"] for row in lake_rows(project)] == [2, 99]


REFUNDS = contract(
    name="refunds",
    event_type="order_refunded",
    event_id=None,
    natural_key=["refunds.id"],
    unnest="refunds",
    columns={"occurred_at": "refunds.at", "order_id": "id", "amount": "refunds.amount"},
    identifiers=[{"type": "login", "column": "login"}],
)


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_each_element_of_an_array_is_a_row(project: Project, tmp_path: Path, format_: str) -> None:
    refund = {"id": "r1", "at": "2017-05-03T10:00:00Z", "amount": 5}
    rows = [
        {"id": "o1", "login": "ann", "refunds": [refund, {**refund, "id": "r2", "amount": 2}]},
        {"id": "o2", "login": "bob", "refunds": []},
        {"id": "o3", "login": "cleo", "refunds": [{**refund, "id": "r3", "at": "2090-01-01T00:00:00Z"}]},
    ]
    source = REFUNDS.model_copy(update={"format": format_})
    report = take(project, source, written(tmp_path, format_, rows))
    assert (report.rows_read, report.accepted, report.reasons) == (3, 2, {"future_timestamp": 1})
    assert sorted((row["order_id"], row["amount"]) for row in lake_rows(project)) == [("o1", 2), ("o1", 5)]
    (row,) = read_quarantine(project.paths, "refunds", report.batch_id)
    assert row.row_number == 3


def test_rows_of_another_contract_are_skipped_and_not_counted(project: Project, tmp_path: Path) -> None:
    source = contract(skip=[{"column": "type", "matches": "^group$"}])
    base = {"at": "2017-05-01T10:00:00Z", "product": "p1", "login": "ann"}
    rows = [{**base, "id": str(n), "type": kind} for n, kind in enumerate(["product_viewed", "group", "odd"])]
    report = take(project, source, write_jsonl(tmp_path / "a.jsonl", rows))
    assert (report.rows_read, report.accepted, report.reasons) == (2, 1, {"unknown_event_type": 1})
    (row,) = read_quarantine(project.paths, "clicks", report.batch_id)
    assert row.row_number == 3


def test_nothing_is_rest_of_a_column_that_is_read_in_part(project: Project, tmp_path: Path) -> None:
    source = contract(properties="rest", columns={"occurred_at": "at", "product_id": "product.id"})
    row = {"id": "1", "type": "product_viewed", "at": "2017-05-01T10:00:00Z", "colour": "red"}
    row |= {"product": {"id": "p1", "buyer": "Ann Example"}}
    take(project, source, write_jsonl(tmp_path / "a.jsonl", [row]))
    assert json.loads(lake_rows(project)[0]["properties"]) == {"colour": "red"}


def test_files_without_a_header_and_with_bare_quote_marks(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    file.write_text('1\tproduct_viewed\t1493632800\t"bare" p1\tann\ncut\n2\tproduct_viewed\t1493632860\tp"2\tbob\n')
    source = contract(
        format="csv",
        delimiter="\t",
        quoting=False,
        header=["id", "type", "at", "product", "login"],
        time_format="epoch",
    )
    report = take(project, source, file)
    assert (report.rows_read, report.accepted, report.reasons) == (3, 2, {"malformed_record": 1})
    assert [row["product_id"] for row in lake_rows(project)] == ['"bare" p1', 'p"2']
    (row,) = read_quarantine(project.paths, "clicks", report.batch_id)
    assert row.row_number == 2


def test_words_join_default_vanish_and_become_flags(project: Project, tmp_path: Path) -> None:
    source = contract(
        columns={
            "occurred_at": "at",
            "product_id": {"column": "product", "default": "none"},
            "session_id": {"concat": ["login", "run"]},
            "order_id": {"column": "order", "map": {"(not set)": ""}},
        },
        properties={
            "granted": {
                "rules": [
                    {"column": "said", "matches": "^yes$", "value": True},
                    {"column": "said", "matches": "^no$", "value": False},
                ]
            }
        },
    )
    base = {"type": "product_viewed", "at": "2017-05-01T10:00:00Z", "login": "ann", "run": 3, "order": "(not set)"}
    rows = [{**base, "id": word, "said": word} for word in ("yes", "no", "maybe")]
    take(project, source, write_jsonl(tmp_path / "a.jsonl", [*rows, {**base, "id": "z", "run": None, "order": "o1"}]))
    found = {row["event_id"]: row for row in lake_rows(project)}
    assert [json.loads(found[word]["properties"]) for word in ("yes", "no", "maybe")] == [
        {"granted": True},
        {"granted": False},
        {},
    ]
    assert (found["yes"]["session_id"], found["z"]["session_id"]) == ("ann.3", None)
    assert (found["yes"]["order_id"], found["z"]["order_id"]) == (None, "o1")
    assert found["yes"]["product_id"] == "none"


def test_empty_text_in_a_column_leaves_its_alias_a_chance(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,type,at,sent,product,login\n1,product_viewed,,2017-05-01T10:00:00Z,p1,ann\n")
    report = take(project, contract(format="csv", aliases={"at": ["sent"]}, arrival={"column": "sent"}), file)
    assert report.accepted == 1


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({"fields": {}}, "exactly one of group_by, nested"),
        ({"fields": {}, "group_by": ["no"], "nested": "items"}, "exactly one of group_by, nested"),
        ({"fields": {}, "group_by": ["no"], "when": {"column": "a", "matches": "b"}}, "when goes with nested"),
    ],
)
def test_lines_are_grouped_or_nested_and_never_both(lines: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        contract(event_id=None, natural_key=["no"], lines=lines)


def test_a_list_of_identifiers_is_a_column_of_its_own() -> None:
    with pytest.raises(ValidationError, match="type is missing: a path leads to one value"):
        contract(identifiers=[{"column": "user.ids"}])


def test_brackets_without_end_spoil_only_their_own_line(project: Project, tmp_path: Path) -> None:
    deep = 100_000
    base = {"type": "product_viewed", "at": "2017-05-01T10:00:00Z", "login": "ann"}
    file = write_jsonl(
        tmp_path / "a.jsonl",
        [
            {**base, "id": "1", "product": {"id": "p1"}},
            {**base, "id": "2", "product": "[" * deep + "]" * deep},
            {**base, "id": "3", "product": {"id": "p3"}, "extra": '{"a":' * deep + "1" + "}" * deep},
        ],
    )
    with file.open("a") as handle:
        handle.write('{"id": "4", "type": ' + "[" * deep + "]" * deep + "}\n")
    source = contract(columns={"occurred_at": "at", "product_id": "product.id", "properties": "extra"})
    report = take(project, source, file)
    assert report.reasons == {
        "malformed_record": 1,
        "missing_field:product_id": 1,
        "invalid_json:properties": 1,
    }
    assert report.accepted == 1
