"""Planted faults, and the absence of others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from simulation.digital_layer import DigitalLayer
from simulation.faults import DUPLICATE_SHARE, UNKNOWN_TYPES

Planted = dict[str, set[str]]


@pytest.fixture(scope="module")
def planted(read_truth: Callable[[str], pd.DataFrame]) -> Planted:
    faults = read_truth("faults")
    mine = faults[faults["source"] == "sim_web"]
    return {str(fault): set(rows["event_id"]) for fault, rows in mine.groupby("fault")}


def test_every_kind_of_fault_is_planted(planted: Planted) -> None:
    kinds = {"late", "small_skew", "email_in_url", "clock_days_ahead", "year_2090", "year_1970", "unknown_type"}
    assert set(planted) == {*kinds, "duplicate"}
    assert all(planted.values())
    assert len(planted["year_2090"]) == 1


def test_nothing_is_received_before_it_occurred_except_planted_skew(web: pd.DataFrame, planted: Planted) -> None:
    ahead = web[web["received_at"] < web["occurred_at"]]
    fast = planted["small_skew"] | planted["clock_days_ahead"] | planted["year_2090"]
    assert set(ahead["event_id"]) <= fast
    lead = (ahead["occurred_at"] - ahead["received_at"])[ahead["event_id"].isin(planted["small_skew"])]
    assert lead.max() <= pd.Timedelta(minutes=2)


def test_absurd_clocks_are_far_off(web: pd.DataFrame, planted: Planted) -> None:
    rows = web.drop_duplicates("event_id").set_index("event_id")
    assert (rows.loc[list(planted["year_2090"]), "occurred_at"].dt.year == 2090).all()
    assert (rows.loc[list(planted["year_1970"]), "occurred_at"].dt.year == 1970).all()
    ahead = rows.loc[list(planted["clock_days_ahead"])]
    assert (ahead["occurred_at"] - ahead["received_at"] > pd.Timedelta(days=1)).all()


def test_late_events_arrive_days_later(web: pd.DataFrame, planted: Planted) -> None:
    late = web[web["event_id"].isin(planted["late"])].drop_duplicates("event_id")
    delay = late["received_at"] - late["occurred_at"]
    assert delay.min() >= pd.Timedelta(days=1)
    assert delay.max() <= pd.Timedelta(days=9, minutes=1)


def test_duplicates_repeat_the_event_later(web: pd.DataFrame, planted: Planted) -> None:
    again = web[web.duplicated("event_id", keep="first")]
    assert set(again["event_id"]) == planted["duplicate"]
    both = web[web["event_id"].isin(planted["duplicate"])]
    same = [name for name in web.columns if name != "received_at"]
    assert len(both.drop_duplicates(same)) == len(planted["duplicate"])
    assert (both.groupby("event_id")["received_at"].nunique() == 2).all()
    assert 0.5 * DUPLICATE_SHARE < len(again) / len(web) < 1.5 * DUPLICATE_SHARE


def test_unknown_types_are_exactly_the_planted_ones(web: pd.DataFrame, planted: Planted) -> None:
    assert set(web.loc[web["event_type"].isin(UNKNOWN_TYPES), "event_id"]) == planted["unknown_type"]


def test_nothing_has_arrived_after_the_end(layer: DigitalLayer, web: pd.DataFrame) -> None:
    assert (np.diff(layer.faulty.received_us) >= 0).all()
    assert layer.faulty.received_us.max() < layer.orders.end_us
    assert web["received_at"].max() < pd.Timestamp(layer.orders.end_us, unit="us", tz="UTC")
    lost = len(layer.events.kind) - web["event_id"].nunique()
    assert 0 <= lost < 0.01 * len(layer.events.kind)
