"""`concierge ingest`, with the example that `concierge init` writes and with broken files."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from intake.ops_store import OpsStore
from intake.project import Project

Concierge = Callable[..., Result]


@pytest.fixture
def orders(project: Project) -> Path:
    return project.config.parent / "example" / "my_orders.csv"


def _counts(shown: str, state: str) -> list[int]:
    line = next(line for line in shown.splitlines() if f" {state} " in line)
    return [int(word.replace(",", "")) for word in line.split() if word.replace(",", "").isdigit()]


def test_the_example_goes_in_completely_and_only_once(concierge: Concierge, project: Project, orders: Path) -> None:
    first = concierge("ingest", "--source", "my_orders", orders)
    assert first.exit_code == 0, first.stderr
    assert _counts(first.stdout, "ingested") == [6, 6, 0, 0, 0, 5]
    again = concierge("ingest", "--source", "my_orders", orders)
    assert again.exit_code == 0
    assert "unchanged" in again.stdout
    assert sum(file.rows for file in OpsStore(project.paths).visible_files()) == 5


def test_a_contract_may_lie_anywhere(concierge: Concierge, project: Project, orders: Path, tmp_path: Path) -> None:
    contract = tmp_path / "elsewhere.yml"
    text = (project.sources / "my_orders.yml").read_text().replace("name: my_orders", "name: elsewhere")
    contract.write_text(text)
    assert concierge("ingest", "--contract", contract, orders).exit_code == 0
    assert {batch.source for batch in OpsStore(project.paths).batches()} == {"elsewhere"}


def test_an_unreadable_file_is_one_line_and_the_others_go_in(concierge: Concierge, orders: Path) -> None:
    bad = orders.with_name("bad.csv")
    bad.write_text("these,are,not,the,columns\n1,2,3,4,5\n")
    mixed = concierge("ingest", "--source", "my_orders", bad, orders)
    assert mixed.exit_code == 0
    assert len(mixed.stderr.splitlines()) == 1
    assert "bad.csv: wrong header" in mixed.stderr
    assert _counts(mixed.stdout, "ingested")[:2] == [6, 6]


@pytest.mark.parametrize("kind", ["missing", "folder", "wrong header"])
def test_when_nothing_can_be_read_the_code_is_1(concierge: Concierge, orders: Path, kind: str) -> None:
    bad = orders.with_name("bad.csv")
    if kind == "folder":
        bad.mkdir()
    elif kind == "wrong header":
        bad.write_text("a,b\n1,2\n")
    result = concierge("ingest", "--source", "my_orders", bad)
    assert result.exit_code == 1
    assert str(bad) in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_empty_file_was_read_and_says_so(concierge: Concierge, orders: Path) -> None:
    header = orders.read_text().splitlines()[0]
    empty = orders.with_name("empty.csv")
    empty.write_text(header + "\n")
    result = concierge("ingest", "--source", "my_orders", empty)
    assert result.exit_code == 0
    assert "no rows in it" in result.stdout


def test_rows_that_do_not_fit_are_counted_by_reason(concierge: Concierge, orders: Path) -> None:
    text = orders.read_text().replace("2026-01-05 18:40:00", "2090-01-05 18:40:00")
    orders.write_text(text)
    result = concierge("ingest", "--source", "my_orders", orders)
    assert result.exit_code == 0
    assert _counts(result.stdout, "ingested") == [6, 5, 0, 1, 0, 4]
    assert "1 quarantined: " in result.stdout


def test_wrong_use_is_code_2(concierge: Concierge, orders: Path) -> None:
    assert concierge("ingest", orders).exit_code == 2
    assert concierge("ingest", "--source", "my_orders", "--contract", "x.yml", orders).exit_code == 2
    assert concierge("ingest", "--contract", "x.yml").exit_code == 2


def test_a_source_that_is_not_there_lists_those_that_are(concierge: Concierge, orders: Path) -> None:
    result = concierge("ingest", "--source", "orders", orders)
    assert result.exit_code == 1
    assert "'orders' is not a source of this project" in result.stderr
    assert "my_orders" in result.stderr


def test_an_event_type_that_nobody_knows_is_refused_before_a_row_is_read(
    concierge: Concierge, project: Project, orders: Path
) -> None:
    contract = project.sources / "my_orders.yml"
    contract.write_text(contract.read_text().replace("order_completed", "order_complete"))
    refused = concierge("ingest", "--source", "my_orders", orders)
    assert refused.exit_code == 1
    assert "event_type: 'order_complete' is not in" in refused.stderr
    assert "order_completed" in refused.stderr
    assert OpsStore(project.paths).batches() == []


def test_a_contract_without_a_location_needs_files(concierge: Concierge) -> None:
    result = concierge("ingest", "--source", "my_orders")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "names no location" in result.stderr


def test_outside_of_a_project_it_says_how_to_get_one(
    concierge: Concierge, orders: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONCIERGE_CONFIG", str(tmp_path / "nowhere"))
    result = concierge("ingest", "--source", "my_orders", orders)
    assert result.exit_code == 1
    assert "concierge init DIR" in result.stderr


def test_a_folder_gives_its_files_plain_and_compressed(concierge: Concierge, orders: Path) -> None:
    folder = orders.with_name("export")
    folder.mkdir()
    header, *lines = orders.read_text().splitlines(keepends=True)
    half = len(lines) // 2
    (folder / "a.csv").write_text(header + "".join(lines[:half]))
    (folder / "b.csv.gz").write_bytes(gzip.compress((header + "".join(lines[half:])).encode()))
    (folder / "readme.txt").write_text("no orders")
    result = concierge("ingest", "--source", "my_orders", folder)
    assert result.exit_code == 0
    assert "a.csv" in result.stdout
    assert "b.csv.gz" in result.stdout
    assert "readme.txt" not in result.stdout + result.stderr
