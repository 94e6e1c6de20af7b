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
    row = json.loads(masked(b'{"note": "write to ada@shop.test", "line_total": 9.5, "email": null}', contract))
    assert row == {"note": "write to [removed]", "line_total": 9.5, "email": None}


def test_of_an_unknown_source_only_the_shape_is_shown() -> None:
    assert masked(b'{"name": "Ada"}', None) == '{"xxxx": "xxx"}'


@given(st.text())
def test_a_shape_keeps_length_and_no_letter_or_digit(text: str) -> None:
    made = shape(text)
    assert len(made) == len(text)
    assert not [letter for letter in made if letter.isalpha() and letter != "x"]


def test_a_contract_is_not_needed_to_read_bytes_that_are_no_text(tmp_path: Path, contract: SourceContract) -> None:
    assert masked(b"\xff\xfe1", contract).endswith("9")
