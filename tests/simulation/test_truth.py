"""The truth is complete, and nothing of it is in the landing folder."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest

from simulation.digital_layer import DigitalLayer
from simulation.incentives import ARMS
from simulation.lists import TASTES
from simulation.report import SimulationReport

Reader = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def known(read_truth: Reader) -> dict[str, set[str]]:
    rows = read_truth("identifiers")
    return {str(kind): set(mine["value_clear"]) for kind, mine in rows.groupby("type")}


def test_every_web_identifier_is_in_the_truth(web: pd.DataFrame, known: dict[str, set[str]]) -> None:
    columns = {"login": "login", "email": "email", "cookie_id": "cookie", "device_id": "device_id"}
    for column, kind in {**columns, "click_id": "click_id"}.items():
        assert set(web[column].dropna()) <= known[kind], column


@pytest.mark.parametrize("source", ["sim_online_orders_link", "sim_consent"])
def test_every_card_and_address_is_in_the_truth(source: str, read_source: Reader, known: dict[str, set[str]]) -> None:
    rows = read_source(source)
    assert set(rows["email"].dropna()) <= known["email"]
    assert set(rows["household_id"].astype(str)) <= known["loyalty_id"]


def test_every_household_is_a_person(known: dict[str, set[str]], shop_frames: dict[str, pd.DataFrame]) -> None:
    assert known["loyalty_id"] == set(shop_frames["transactions"]["household_id"].astype(str))


def test_every_tagged_visit_is_in_the_truth(web: pd.DataFrame, read_truth: Reader) -> None:
    sessions = read_truth("sessions")
    assert sessions["session_id"].is_unique
    assert set(web["session_id"].dropna()) <= set(sessions["session_id"])
    assert sessions["person_id"].isna().equals(sessions["is_bot"])


def test_strong_identifiers_have_one_person_and_shared_ones_two(read_truth: Reader, layer: DigitalLayer) -> None:
    owners = read_truth("identifiers").groupby(["type", "value_clear"])["person_id"].nunique()
    for kind in ("login", "loyalty_id", "email", "click_id"):
        assert (owners[kind] == 1).all(), kind
    shared = int((owners["cookie"] == 2).sum() + (owners["device_id"] == 2).sum())
    assert shared >= 1
    assert owners.max() == 2


def test_outcomes_cover_every_person_under_every_arm(read_truth: Reader, layer: DigitalLayer) -> None:
    outcomes = read_truth("potential_outcomes")
    table = outcomes.pivot(index="person_id", columns="arm", values="p_convert")
    assert set(table.columns) == {arm.name for arm in ARMS}
    assert set(table.index) == set(layer.people.person_ids)
    assert table.notna().all(axis=None)
    assert set(read_truth("identifiers")["person_id"].dropna()) == set(table.index)


def test_nothing_of_the_truth_is_in_the_landing(company: SimulationReport, read_source: Reader) -> None:
    for source in company.sources:
        if source.source in ("shop", "sim_email", "sim_lists"):
            continue
        rows = read_source(source.source)
        assert not {"person_id", "is_bot", "p_convert", "fault"} & set(rows.columns)
        texts = rows.select_dtypes(["str", "object"])
        assert not any(texts[name].astype("str").str.contains("person-").any() for name in texts.columns)
    for file in company.landing.glob("sim_*/*.jsonl"):
        assert "person" not in file.read_text(encoding="utf-8")
        assert not any(f'"{taste}"' in file.read_text(encoding="utf-8") for taste in TASTES)
    assert "person" not in json.dumps(json.loads((company.landing / "simulation.json").read_text()))


def test_truth_files_are_the_documented_six(company: SimulationReport) -> None:
    names = {file.name for file in company.truth.iterdir()}
    expected = ("identifiers", "sessions", "potential_outcomes", "faults", "click_tastes", "click_effects")
    assert names == {f"{name}.parquet" for name in expected}
