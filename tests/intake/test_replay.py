"""Quarantined rows come back once their contract is put right: each once, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.contract import SourceContract
from intake.ingest import ingest
from intake.ops_records import BatchRecord
from intake.ops_store import OpsStore
from intake.project import Project
from intake.quarantine import open_rows, quarantine_file, read_quarantine
from intake.replay import ReplayError, ReplayReport, replay
from orchestration.partitions import DayRange
from orchestration.touched import consume
from tests.intake.scene import click, contract, lake_rows, write_jsonl

BAD = {"type": "teleported"}


def renamed(**changes: Any) -> SourceContract:
    """The contract put right: it knows what `teleported` means."""
    return contract(version=2, event_type={"column": "type", "map": {"teleported": "page_viewed"}}, **changes)


def first(project: Project, rows: list[dict[str, Any]], **changes: Any) -> BatchRecord:
    file = write_jsonl(project.paths.root.parent / "a.jsonl", rows)
    ingest(project, contract(**changes), [file])
    return OpsStore(project.paths).batches()[0]


def accounts(project: Project) -> dict[str, int]:
    batches = OpsStore(project.paths).batches()
    names = ("rows_read", "accepted", "duplicate", "quarantined", "suppressed", "events")
    totals = {name: sum(getattr(batch, name) for batch in batches) for name in names}
    assert totals["rows_read"] == sum(totals[name] for name in names[1:5])
    assert totals["events"] == len(lake_rows(project))
    return totals


def counts(report: ReplayReport) -> tuple[int, ...]:
    return report.rows, report.accepted, report.duplicate, report.suppressed, report.kept


def test_repaired_rows_return_and_the_others_stay(project: Project, store: OpsStore) -> None:
    rows = [click("a"), click("b", **BAD), click("c", at="never"), click("d", **BAD, at="2017-06-01T00:00:00Z")]
    batch = first(project, rows)
    assert accounts(project)["quarantined"] == 3
    (report,) = replay(project, renamed())
    assert counts(report) == (3, 2, 0, 0, 1)
    assert dict(report.reasons) == {"invalid_timestamp:occurred_at": 1}
    assert [row["event_id"] for row in lake_rows(project)] == ["a", "b", "d"]
    expected = {"rows_read": 4, "accepted": 3, "duplicate": 0, "quarantined": 1, "suppressed": 0, "events": 3}
    assert accounts(project) == expected
    assert store.quarantine_counts() == {("clicks", "invalid_timestamp:occurred_at"): 1}
    assert store.findings()["clicks", "replayed"] == 2
    assert [day.isoformat() for day in store.touched_days()] == ["2017-05-01", "2017-06-01"]
    assert [row.row_number for row in read_quarantine(project.paths, "clicks", batch.batch_id)] == [3]
    assert counts(replay(project, renamed())[0]) == (1, 0, 0, 0, 1)
    assert accounts(project) == expected


def test_with_nothing_left_the_file_goes_and_the_alert_ends(project: Project, store: OpsStore) -> None:
    batch = first(project, [click("a", **BAD)])
    assert len(store.list_alerts("open")) == 1
    assert counts(replay(project, renamed())[0]) == (1, 1, 0, 0, 0)
    assert not quarantine_file(project.paths, "clicks", batch.batch_id).exists()
    assert store.list_alerts("open") == []
    assert replay(project, renamed()) == []


def test_only_the_batch_and_the_reason_that_are_asked_for(project: Project) -> None:
    batch = first(project, [click("a", **BAD), click("b", product=None)])
    told = renamed(columns={"occurred_at": "at", "product_id": {"column": "product", "default": "none"}})
    assert replay(project, told, batch="zz") == []
    assert counts(replay(project, told, batch=batch.batch_id[:6], reason="missing_field")[0]) == (1, 1, 0, 0, 0)
    assert [row["event_id"] for row in lake_rows(project)] == ["b"]


def test_a_batch_whose_file_was_read_again_has_nothing_to_replay(project: Project, tmp_path: Path) -> None:
    batch = first(project, [click("a"), click("a", **BAD), click("b", **BAD)])
    # The whole file again under a contract that names its events otherwise: a and b.
    again = renamed(event_id=None, natural_key=["id"])
    ingest(project, again, [tmp_path / "a.jsonl"])
    with pytest.raises(ReplayError, match="read again under another contract"):
        replay(project, again, batch=batch.batch_id)
    assert replay(project, again) == []
    assert len(lake_rows(project)) == 2


def test_rows_of_a_reading_that_read_nothing_take_the_place_of_the_one_before(
    project: Project, tmp_path: Path, store: OpsStore
) -> None:
    rows = [click("a"), click("b", **BAD), click("c", at="2017-06-01T00:00:00Z"), click("d", at="never")]
    mine = first(project, rows)
    ingest(project, contract(version=2, columns={"occurred_at": "mistaken"}), [tmp_path / "a.jsonl"])
    assert len(lake_rows(project)) == 2, "a contract under which nothing can be read takes nothing away"
    consume(store, store.touches(), DayRange(date.min, date.max), "run")
    right = renamed(event_id=None, natural_key=["id"])
    with pytest.raises(ReplayError, match="all of them: leave --reason out"):
        replay(project, right, reason="missing")
    reports = replay(project, right)
    assert {counts(report) for report in reports} - {(2, 1, 0, 0, 1)} == {(4, 3, 0, 0, 1)}
    assert len(lake_rows(project)) == 3
    assert [day.isoformat() for day in store.touched_days()] == ["2017-05-01", "2017-06-01"]
    assert store.quarantine_counts() == {("clicks", "missing_field:occurred_at"): 1}
    mistaken = next(batch for batch in store.batches() if batch.rows_read and batch.batch_id != mine.batch_id)
    assert counts(replay(project, right)[0]) == (1, 0, 0, 0, 1)
    assert (mistaken.accepted, mistaken.quarantined, mistaken.state) == (3, 1, "visible")
    # The first contract again: what it made of the file, with what was replayed of that, counts in its place.
    ingest(project, contract(), [tmp_path / "a.jsonl"])
    assert len(lake_rows(project)) == 1 + len(reports)
    assert {batch.state for batch in store.batches() if batch.batch_id == mine.batch_id} == {"visible"}
    assert {batch.state for batch in store.batches() if batch.batch_id == mistaken.batch_id} == {"superseded"}


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


@pytest.mark.parametrize(
    "step", ["intake.replay.write_vault", "intake.ops_replay.ReplayBook.record_replay", "intake.replay.keep_only",
             "intake.batch.write_events"],
)  # fmt: skip
@pytest.mark.parametrize("after", [False, True])
def test_a_kill_at_any_step_loses_and_doubles_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    first(project, [click("a"), click("b", **BAD), click("c", **BAD), click("d", at="never")])
    module, name = step.rsplit(".", 1)
    with monkeypatch.context() as patch:
        patch.setattr(step, _dies(_resolve(module, name), after))
        with pytest.raises(Killed):
            replay(project, renamed())
    assert accounts(project)["rows_read"] == 4
    replay(project, renamed())
    assert [row["event_id"] for row in lake_rows(project)] == ["a", "b", "c"]
    assert accounts(project)["quarantined"] == 1
    store = OpsStore(project.paths)
    left = [row for batch in store.batches() for row in open_rows(project.paths, store, batch)]
    assert [json.loads(row.original)["id"] for row in left] == ["d"]
    assert len(list(project.paths.lake_events.rglob("*.parquet"))) == len(store.visible_files())


def _resolve(module: str, name: str) -> Callable[..., Any]:
    from pkgutil import resolve_name

    found: Callable[..., Any] = getattr(resolve_name(module), name)
    return found


def _dies(real: Callable[..., Any], after: bool) -> Callable[..., Any]:
    def step(*arguments: Any, **named: Any) -> Any:
        if after:
            real(*arguments, **named)
        raise Killed

    return step


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_columns_that_the_first_contract_did_not_read_are_there_for_the_second(
    project: Project, tmp_path: Path, kind: str
) -> None:
    rows = [{"no": n, "when": "03/05/2017 10:00", "total": "1.234,50", "mail": f"u{n}@mail.example"} for n in range(3)]
    file = tmp_path / f"orders.{kind}"
    if kind == "csv":
        file.write_text("no;when;total;mail\n" + "".join(";".join(map(str, row.values())) + "\n" for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), file)
    words: dict[str, Any] = {
        "format": kind, "event_type": "order_completed", "event_id": None, "natural_key": ["no"], "identifiers": [],
        "columns": {"occurred_at": "when", "order_id": "no", "amount": "total"}, "delimiter": ";",
    }  # fmt: skip
    assert ingest(project, contract(**words), [file]).files[0].quarantined == 3
    right = contract(**words | {
        "time_format": "%d/%m/%Y %H:%M", "numbers": {"decimal": ",", "thousands": "."}, "version": 2,
        "identifiers": [{"type": "email", "column": "mail"}],
    })  # fmt: skip
    assert counts(replay(project, right)[0]) == (3, 3, 0, 0, 0)
    row = lake_rows(project)[0]
    assert (str(row["amount"]), row["occurred_at"].isoformat()) == ("1234.5000", "2017-05-03T10:00:00+00:00")
    assert [pair["type"] for pair in row["identifiers"]] == ["email"]


def test_a_line_whose_order_is_in_without_it_stays_where_it_is(project: Project, tmp_path: Path) -> None:
    words: dict[str, Any] = {
        "format": "csv", "event_type": "order_completed", "event_id": None, "natural_key": ["no"], "identifiers": [],
        "columns": {"occurred_at": "at", "order_id": "no"},
        "lines": {"group_by": ["no"], "fields": {"amount": "price"}},
    }  # fmt: skip
    file = tmp_path / "orders.csv"
    lines = ["no,at,price", "1,2017-05-01,5", '1,2017-05-01,"7,5"', '2,2017-05-01,"8,5"']
    file.write_text("\n".join(lines) + "\n")
    assert ingest(project, contract(**words), [file]).files[0].quarantined == 2
    (report,) = replay(project, contract(**words, version=2, numbers={"decimal": ","}))
    assert counts(report) == (2, 1, 0, 0, 1)
    assert dict(report.reasons) == {"order_in_lake": 1}
    assert accounts(project)["events"] == 2


def test_one_element_of_an_array_returns_without_its_neighbours(project: Project, tmp_path: Path) -> None:
    words: dict[str, Any] = {
        "unnest": "refunds", "event_id": "refunds.id", "event_type": "order_refunded", "identifiers": [],
        "columns": {"occurred_at": "at", "order_id": "refunds.order", "amount": "refunds.paid"},
    }  # fmt: skip
    refunds = [{"id": str(n), "order": "o", "paid": paid} for n, paid in enumerate((1, "2,5", 3, "4,5"))]
    file = write_jsonl(tmp_path / "a.jsonl", [{"at": "2017-05-01T10:00:00Z", "refunds": refunds}])
    assert ingest(project, contract(**words), [file]).files[0].quarantined == 2
    (report,) = replay(project, contract(**words, version=2, numbers={"decimal": ","}))
    assert counts(report) == (2, 2, 0, 0, 0)
    assert [str(row["amount"]) for row in lake_rows(project)] == ["1.0000", "2.5000", "3.0000", "4.5000"]


def test_lines_that_could_not_be_split_can_be_read_under_other_rules(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        'id,type,at,product,login\n1,product_viewed,2017-05-01,p"1,ann,\n2,product_viewed,2017-05-01,p2,ann\n'
    )
    words: dict[str, Any] = {"format": "csv"}
    assert ingest(project, contract(**words), [file]).files[0].reasons == {"malformed_record": 1}
    assert counts(replay(project, contract(**words, version=2))[0]) == (1, 0, 0, 0, 1)


def test_what_a_person_refused_meanwhile_is_suppressed(project: Project, tmp_path: Path) -> None:
    first(project, [click("a", **BAD), click("b", **BAD, login="bob")], consent="analytics")
    word = {"id": "c", "type": "consent_updated", "at": "2017-01-01T00:00:00Z", "login": "bob"}
    file = write_jsonl(tmp_path / "c.jsonl", [{**word, "said": {"purpose": "analytics", "granted": False}}])
    said = contract(name="consent", kind="consent", columns={"occurred_at": "at", "properties": "said"})
    ingest(project, said, [file])
    assert counts(replay(project, renamed(consent="analytics"))[0]) == (2, 1, 0, 1, 0)
    assert accounts(project)["suppressed"] == 1
