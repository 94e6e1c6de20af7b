"""Drift by hand, by scipy and on planted shifts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from ml.drift import drift_report, in_season, population_stability_index, shares_index


def test_the_index_by_hand() -> None:
    before = np.array([0.0] * 50 + [1.0] * 50)
    now = np.array([0.0] * 80 + [1.0] * 20)
    expected = 0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5)
    assert population_stability_index(before, now, bins=2) == pytest.approx(expected, abs=0.01)


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=50), st.lists(st.floats(-100, 100), min_size=1, max_size=50))
def test_the_index_is_never_negative_and_zero_on_itself(before: list[float], now: list[float]) -> None:
    assert population_stability_index(before, now) >= 0
    assert population_stability_index(before, before) == 0


def test_values_going_missing_are_drift() -> None:
    before = np.linspace(0, 1, 100)
    now = np.where(np.arange(100) < 50, np.nan, before)
    assert population_stability_index(before, now) > 0.25


@pytest.mark.parametrize("common", [1.0, 0.3])
def test_a_fall_below_a_value_that_most_had_is_drift(common: float) -> None:
    before = np.where(np.arange(1_000) < 1_000 * common, 1.0, 2.0)
    fallen = np.where(np.arange(1_000) < 500, 0.0, before)
    assert population_stability_index(before, fallen) > 0.25
    # One extreme value is no group of its own, and a value that nobody shares no edge.
    spread = np.arange(1_000.0)
    assert population_stability_index(spread, spread - 5) < 0.05


def test_a_planted_shift_leads_the_report() -> None:
    random = np.random.default_rng(1)
    before = pd.DataFrame({"steady": random.normal(size=2_000), "moved": random.normal(size=2_000), "flat": 1.0})
    now = pd.DataFrame({"steady": random.normal(size=2_000), "moved": random.normal(1, 1, size=2_000), "flat": 1.0})
    report = drift_report(before, now, ["steady", "moved", "flat"])
    assert report["feature"].tolist()[0] == "moved"
    assert report.set_index("feature")["level"].to_dict() == {"moved": "shifted", "steady": "stable", "flat": "stable"}
    oracle = ks_2samp(before["moved"], now["moved"])
    assert report["ks_statistic"][0] == pytest.approx(oracle.statistic)


def test_empty_and_all_missing_columns_are_no_crash() -> None:
    before = pd.DataFrame({"a": [1.0, 2.0], "b": [np.nan, np.nan]})
    assert set(drift_report(before, before.iloc[:0], ["a", "b"])["level"]) == {"no data"}
    report = drift_report(before, before, ["a", "b"])
    assert np.isfinite(report[["psi", "ks_statistic", "ks_p_value"]].to_numpy()).all()
    assert report.set_index("feature").loc["b", "missing_current"] == 1.0
    assert population_stability_index([], [1.0]) == 0.0


def test_shares_of_groups_are_compared_as_numbers_are() -> None:
    before, now = {"web": 700.0, "shop": 300.0}, {"web": 40.0, "shop": 60.0}
    assert shares_index(before, now) == pytest.approx((0.4 - 0.7) * np.log(0.4 / 0.7) + (0.6 - 0.3) * np.log(2.0))
    assert shares_index(before, {"web": 70.0, "shop": 30.0}) == pytest.approx(0.0)
    assert shares_index(before, {"web": 1.0}) > 0.25
    assert (shares_index({}, now), shares_index(before, {})) == (0.0, 0.0)


def test_the_season_explains_what_last_year_had_too() -> None:
    assert in_season(0.6, 0.05) == 0.05
    assert in_season(0.6, None) == 0.6
    assert in_season(0.1, 0.9) == 0.1
