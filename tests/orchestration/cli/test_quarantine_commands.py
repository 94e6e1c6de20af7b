"""`concierge quarantine`: what did not fit, without giving anybody away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from intake.contract import SourceContract, load_contract
from intake.project import Project
from orchestration.cli.init_command import TEMPLATE
from orchestration.cli.masking import masked, shape

Concierge = Callable[..., Result]


@pytest.fixture
def _two_bad_rows(concierge: Concierge, project: Project) -> None:
    orders = project.config.parent / "example" / "my_orders.csv"
    text = orders.read_text().replace("2026-01-05 18:40:00", "2090-01-05 18:40:00")
    orders.write_text(text.replace("2026-01-07 20:31:00", "whenever"))
    assert concierge("ingest", "--source", "my_orders", orders).exit_code == 0


@pytest.fixture(scope="module")
def contract() -> SourceContract:
    return load_contract(TEMPLATE / "config" / "sources" / "my_orders.yml")


def test_an_empty_quarantine_is_good_news(concierge: Concierge) -> None:
    assert concierge("quarantine", "list").stdout == "nothing is quarantined\n"
    assert concierge("quarantine", "show", "my_orders").exit_code == 1


@pytest.mark.usefixtures("_two_bad_rows")
def test_reasons_are_counted(concierge: Concierge) -> None:
    rows = [line.split() for line in concierge("quarantine", "list").stdout.splitlines()[1:]]
    assert {row[0] for row in rows} == {"my_orders"}
    assert sum(int(row[-1]) for row in rows) == 2
    assert concierge("quarantine", "list", "--source", "other").stdout == "nothing is quarantined\n"


@pytest.mark.usefixtures("_two_bad_rows")
def test_rows_show_what_went_wrong_and_nobody(concierge: Concierge) -> None:
    shown = concierge("quarantine", "show", "my_orders").stdout
    assert len(shown.splitlines()) == 2
    assert "2090-01-05" in shown
    assert "whenever" in shown
    assert "coffee-dark" in shown
    for private in ("grace", "guest@", "C-2"):
        assert private not in shown


@pytest.mark.usefixtures("_two_bad_rows")
def test_the_list_can_be_cut_and_filtered(concierge: Concierge) -> None:
    shown = concierge("quarantine", "show", "my_orders", "--limit", "1").stdout
    assert shown.splitlines()[1] == "only the first 1; --limit shows more"
    assert concierge("quarantine", "show", "my_orders", "--reason", "no such reason").exit_code == 1


def test_a_broken_record_shows_its_shape_only(contract: SourceContract) -> None:
    assert masked(b'{"email": "ada@shop.test", "n": 12', contract) == '{"xxxxx": "xxx@xxxx.xxxx", "x": 99'


def test_addresses_in_other_fields_are_scrubbed(contract: SourceContract) -> None:
    row = json.loads(masked(b'{"sku": "write to ada@shop.test", "line_total": 9.5, "email": null}', contract))
    assert row == {"sku": "write to [removed]", "line_total": 9.5, "email": None}


def test_what_the_contract_does_not_name_is_hidden(contract: SourceContract) -> None:
    row = json.loads(masked(b'{"sku": "A", "gift_note": "for Ada Lovelace", "to": {"name": "Ada"}}', contract))
    assert row == {"sku": "A", "gift_note": "[hidden]", "to": "[hidden]"}


@pytest.mark.usefixtures("_two_bad_rows")
def test_rows_return_once_the_contract_is_right(concierge: Concierge, project: Project) -> None:
    source = project.sources / "my_orders.yml"
    source.write_text(source.read_text() + "\naliases: {ordered_at: [never]}\n")
    assert "2 rows" not in concierge("quarantine", "replay").stdout
    right = source.read_text().replace("  occurred_at: ordered_at", '  occurred_at: {value: "2026-01-05"}')
    source.write_text(right)
    shown = concierge("quarantine", "replay", "--source", "my_orders").stdout.split("\n")[1].split()
    assert shown[2:8] == ["2", "2", "0", "0", "0", "2"]
    assert concierge("quarantine", "replay").stdout == "nothing to replay\n"
    assert "nothing is quarantined" in concierge("quarantine", "list").stdout


def test_a_contract_is_of_the_source_that_is_named(concierge: Concierge, project: Project) -> None:
    result = concierge("quarantine", "replay", "--source", "x", "--contract", project.sources / "my_orders.yml")
    assert result.exit_code == 1
    assert "and the rows are of source 'x'" in result.stderr
    assert concierge("quarantine", "replay", "--contract", "a.yml").exit_code == 2


def test_of_an_unknown_source_only_the_shape_is_shown() -> None:
    assert masked(b'{"name": "Ada"}', None) == '{"xxxx": "xxx"}'


@given(st.text())
def test_a_shape_keeps_length_and_no_letter_or_digit(text: str) -> None:
    made = shape(text)
    assert len(made) == len(text)
    assert not [letter for letter in made if letter.isalpha() and letter != "x"]


def test_a_contract_is_not_needed_to_read_bytes_that_are_no_text(tmp_path: Path, contract: SourceContract) -> None:
    assert masked(b"\xff\xfe1", contract).endswith("9")


@pytest.mark.usefixtures("_two_bad_rows")
def test_a_bound_is_named_where_there_is_one(concierge: Concierge) -> None:
    bound = "at most 300 s ahead (intake.future_tolerance_seconds)"
    listed = concierge("quarantine", "list").stdout
    assert listed.count(bound) == 1
    shown = concierge("quarantine", "show", "my_orders").stdout.splitlines()
    assert [bound in line for line in shown] == ["future_timestamp" in line for line in shown]
