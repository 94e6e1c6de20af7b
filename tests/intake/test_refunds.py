"""Refunds that give back more than their order cost are set aside, whatever the order of the rows."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from intake.quarantine import read_quarantine
from intake.replay import replay
from tests.intake.scene import click, contract, lake_rows, write_jsonl

SHOP = contract(columns={"occurred_at": "at", "order_id": "order", "amount": "amount"})


def order(event_id: str, amount: float, *, day: int = 1, refund: bool = False, **changes: Any) -> dict[str, Any]:
    kind = "order_refunded" if refund else "order_completed"
    return click(event_id, type=kind, order="o-1", amount=amount, at=f"2017-05-{day:02}T10:00:00Z") | changes


def test_refunds_add_up_to_their_order_and_not_beyond(project: Project, tmp_path: Path) -> None:
    rows = [
        order("order", 50), order("r1", 30, day=2, refund=True), order("r2", 30, day=3, refund=True),
        order("r3", 20, day=4, refund=True), order("unknown", 999, refund=True, order="o-9"),
    ]  # fmt: skip
    for number, shuffled in enumerate(list(permutations(rows))[::37]):
        file = write_jsonl(tmp_path / f"{number}.jsonl", shuffled)
        report = ingest(project, SHOP.model_copy(update={"version": 2 + number}), [file]).files[0]
        assert (report.rows_read, report.accepted, report.events) == (5, 4, 4)
        assert report.reasons == {"refund_exceeds_order": 1}
        (row,) = read_quarantine(project.paths, "clicks", report.batch_id)
        assert json.loads(row.original)["id"] == "r2"
        assert row.row_number == 1 + [entry["id"] for entry in shuffled].index("r2")


def test_a_shop_that_pays_shipping_back_says_so(project: Project, tmp_path: Path) -> None:
    rows = [order("order", 50), order("r1", 54.9, day=2, refund=True)]
    generous = SHOP.model_copy(update={"refund_limit": 1.1})
    assert ingest(project, generous, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0].accepted == 2


def test_it_holds_across_files_of_the_lake_that_are_written_already(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.batch.FLUSH_EVENTS", 1)
    rows = [order("r1", 80, day=2, refund=True), order("order", 50)]
    source = SHOP.model_copy(update={"personal_data": ("login",)})
    report = ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert (report.accepted, report.quarantined) == (1, 1)
    assert [row["event_id"] for row in lake_rows(project)] == ["order"]
    files = sorted(project.paths.lake_events.rglob("*.parquet"))
    assert len(files) == len(OpsStore(project.paths).visible_files()) == 1


def test_replaying_other_rows_lets_no_refund_in_that_its_order_does_not_bear(project: Project, tmp_path: Path) -> None:
    late = order("r2", 30, day=2, refund=True, at="2017-05-02")
    rows = [order("order", 50), order("r1", 40, day=3, refund=True), order("much", 60, refund=True), late]
    source = SHOP.model_copy(update={"time_format": "%Y-%m-%dT%H:%M:%SZ"})
    report = ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert report.reasons == {"refund_exceeds_order": 1, "invalid_timestamp:occurred_at": 1}
    (again,) = replay(project, SHOP.model_copy(update={"version": 2}))
    assert (again.rows, again.accepted, dict(again.reasons)) == (2, 0, {"refund_exceeds_order": 2})
    (free,) = replay(project, SHOP.model_copy(update={"version": 3, "refund_limit": 2.0}))
    assert (free.accepted, free.kept) == (1, 1)
    assert {row["event_id"] for row in lake_rows(project)} == {"order", "r1", "much"}


def test_lines_of_a_refund_go_together(project: Project, tmp_path: Path) -> None:
    source = contract(
        format="csv", event_id=None, natural_key=["kind", "order"],
        event_type={"column": "kind", "map": {"sale": "order_completed", "refund": "order_refunded"}},
        columns={"occurred_at": "at", "order_id": "order"}, identifiers=[],
        lines={"group_by": ["kind", "order"], "fields": {"amount": "price"}},
    )  # fmt: skip
    lines = ["kind,order,at,price"]
    lines += [
        f"{kind},o-{n},2017-05-0{n}T10:00:00Z,{price}" for n in (1, 2) for kind, price in (("sale", 9), ("refund", 5))
    ]
    file = tmp_path / "a.csv"
    file.write_text("\n".join([*lines, "refund,o-2,2017-05-02T10:00:00Z,5"]) + "\n")
    report = ingest(project, source, [file]).files[0]
    assert (report.rows_read, report.accepted, report.events) == (5, 3, 3)
    rows = read_quarantine(project.paths, "clicks", report.batch_id)
    assert [(row.row_number, row.reason) for row in rows] == [(5, "refund_exceeds_order"), (6, "refund_exceeds_order")]
