"""The mailing provider's lines: valid JSON but for the cut ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import pandas as pd
import pytest

from simulation.digital_layer import DigitalLayer
from simulation.emails import EmailLog
from simulation.newsletters import newsletter_lines
from simulation.report import SimulationReport


@pytest.fixture(scope="module")
def lines(company: SimulationReport) -> list[str]:
    files = sorted((company.landing / "sim_email").glob("*.jsonl"))
    return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def _parsed(lines: list[str]) -> list[dict[str, object]]:
    rows = []
    for line in lines:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def test_lines_that_do_not_parse_are_exactly_the_planted_ones(
    lines: list[str], read_truth: Callable[[str], pd.DataFrame]
) -> None:
    faults = read_truth("faults")
    cut = faults[(faults["source"] == "sim_email") & (faults["fault"] == "cut_line")]
    rows = _parsed(lines)
    assert len(lines) - len(rows) == len(cut) >= 1
    assert not {row["event_id"] for row in rows} & set(cut["event_id"])


def test_unknown_types_are_exactly_the_planted_ones(
    lines: list[str], read_truth: Callable[[str], pd.DataFrame]
) -> None:
    faults = read_truth("faults")
    planted = set(faults[(faults["source"] == "sim_email") & (faults["fault"] == "unknown_type")]["event_id"])
    odd = {str(row["event_id"]) for row in _parsed(lines) if row["type"] not in ("sent", "opened", "clicked")}
    assert odd == planted
    assert len(odd) >= 1


def test_lines_have_unique_ids_and_arrive_in_order(lines: list[str]) -> None:
    rows = _parsed(lines)
    assert len({row["event_id"] for row in rows}) == len(rows)
    arrivals = [datetime.fromisoformat(str(row["received_at"])) for row in rows]
    assert arrivals == sorted(arrivals)
    assert all(datetime.fromisoformat(str(row["ts"])) < at for row, at in zip(rows, arrivals, strict=True))
    assert all(row["is_simulated"] is True for row in rows)


def test_clicks_carry_the_click_id_that_the_web_sees(lines: list[str], web: pd.DataFrame) -> None:
    clicks = {row["click_id"] for row in _parsed(lines) if row["click_id"]}
    landed = set(web["click_id"].dropna())
    assert len(landed) > 10
    # A cut line takes its click id with it.
    assert len(landed - clicks) <= len(lines) - len(_parsed(lines))


def test_a_handful_of_lines_is_not_spoilt(layer: DigitalLayer) -> None:
    few = EmailLog(*(values[:10] for values in layer.emails))
    rendered = newsletter_lines(few, layer.names, layer.orders, layer.people, 1)
    assert not rendered.is_cut.any()
    assert not rendered.is_unknown.any()
    assert len(_parsed(rendered.lines)) == 10
