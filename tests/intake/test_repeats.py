"""The same again within a window counts once, whatever the order of rows, chunks and files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import intake.input_rows
from intake.contract_faults import Repeats
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from intake.readers import read_chunks
from intake.repeats import RepeatFinder, _within
from tests.intake.scene import click, contract, lake_rows, write_jsonl

START = datetime(2017, 5, 1, 10, tzinfo=UTC)
RELOADS = contract(repeats={"window": "PT5S"})


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def kept(project: Project) -> list[str]:
    return [row["event_id"] for row in lake_rows(project)]


def test_a_reloaded_page_counts_once_and_the_rest_stays(project: Project, tmp_path: Path) -> None:
    rows = [
        click("a"), click("b", at=at(3)), click("later", at=at(9)), click("other", product="p2"),
        click("somebody", login="bob"), click("nobody", login=None), click("nobody2", login=None),
        click("type", type="cart_added"),
    ]  # fmt: skip
    report = ingest(project, RELOADS, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert (report.rows_read, report.accepted, report.duplicate) == (8, 7, 1)
    assert report.findings == {"duplicate:content": 1}
    assert "b" not in kept(project)
    assert OpsStore(project.paths).findings() == {("clicks", "duplicate:content"): 1}


def test_orders_repeat_only_where_the_contract_says_so(project: Project, tmp_path: Path) -> None:
    orders: list[dict[str, Any]] = [click(name, type="order_completed", order=name, amount=5) for name in ("o1", "o2")]
    columns = {"occurred_at": "at", "product_id": "product", "order_id": "order", "amount": "amount"}
    file = write_jsonl(tmp_path / "a.jsonl", orders)
    assert ingest(project, contract(columns=columns, repeats={"window": "PT5S"}), [file]).files[0].accepted == 2
    told = {"window": "PT5S", "by": ["amount"], "event_types": ["order_completed"]}
    assert ingest(project, contract(columns=columns, repeats=told), [file]).files[0].duplicate == 1


def test_rows_in_any_order_and_chunks_of_any_size_agree(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [click(f"e{number:02}", at=at(number * 2.5)) for number in range(12)]
    shuffled = [rows[place] for place in np.random.default_rng(5).permutation(len(rows))]
    monkeypatch.setattr(intake.input_rows, "read_chunks", lambda *a, **k: read_chunks(*a, rows=5, **k))
    monkeypatch.setattr("intake.batch.FLUSH_EVENTS", 4)
    assert ingest(project, RELOADS, [write_jsonl(tmp_path / "a.jsonl", shuffled)]).files[0].duplicate == 8
    assert kept(project) == ["e00", "e03", "e06", "e09"]


def test_files_of_one_command_know_of_each_other_also_after_a_crash(project: Project, tmp_path: Path) -> None:
    first = write_jsonl(tmp_path / "a.jsonl", [click("a")])
    second = write_jsonl(tmp_path / "b.jsonl", [click("b", at=at(2)), click("c", at=at(-2)), click("d", at=at(60))])
    ingest(project, RELOADS, [first])
    report = ingest(project, RELOADS, [first, second])
    assert [file.state for file in report.files] == ["unchanged", "ingested"]
    assert kept(project) == ["a", "d"]


def test_the_setting_is_for_web_and_mobile_and_off_at_first(project: Project, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", [click("a"), click("b")])
    assert ingest(project, contract(), [file]).files[0].accepted == 2
    settings = project.settings.model_copy(
        update={"intake": project.settings.intake.model_copy(update={"repeat_window_seconds": 2})}
    )
    strict = Project(project.paths, project.config, settings, project.clock)
    assert ingest(strict, contract(version=2), [file]).files[0].duplicate == 1
    assert ingest(strict, contract(version=3, kind="custom"), [file]).files[0].duplicate == 0
    assert ingest(strict, contract(version=4, repeats={"window": "PT0S"}), [file]).files[0].duplicate == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=12), st.integers(0, 9))
def test_a_burst_is_judged_as_by_hand(moments: list[tuple[int, bool]], window: int) -> None:
    moments = sorted(moments)
    known = [moment for moment, counted in moments if counted]
    expected, last = [], [-100]
    for moment, counted in moments:
        again = not counted and any(abs(moment - other) <= window for other in [*known, last[-1]])
        expected.append(again)
        if not again:
            last.append(moment)
    found = _within(np.array([m for m, _ in moments]), np.array([c for _, c in moments]), window)
    assert found.tolist() == expected


def test_bounds_are_named() -> None:
    with pytest.raises(ValueError, match="window must be between PT0S and P1D"):
        Repeats.model_validate({"window": "P2D"})
    with pytest.raises(ValueError, match="'url' is not an event field"):
        Repeats.model_validate({"window": "PT2S", "by": ["url"]})
    assert len(RepeatFinder(Repeats(window=timedelta(seconds=1))).repeated()) == 0
