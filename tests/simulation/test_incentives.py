"""The randomised log: propensities, outcomes and margins against the potential outcomes behind them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, norm, spearmanr

from simulation.digital_layer import DigitalLayer
from simulation.incentives import ARMS, MARGIN_RATE, WINDOW_US, draw_incentives


@pytest.fixture(scope="module")
def rows(read_source: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    return read_source("sim_incentives")


def test_arms_are_drawn_with_the_logged_propensities(layer: DigitalLayer, rows: pd.DataFrame) -> None:
    counts = np.bincount(layer.incentives.arm, minlength=len(ARMS))
    expected = np.array([arm.propensity for arm in ARMS]) * counts.sum()
    assert counts.sum() > 300
    assert chisquare(counts, expected).pvalue > 1e-4
    assigned = rows[rows["event_type"] == "offer_assigned"]
    logged = {arm.name: arm.propensity for arm in ARMS}
    assert (assigned["arm"].map(logged) == assigned["propensity"]).all()
    assert sum(arm.propensity for arm in ARMS) == 1.0


def test_the_arm_is_independent_of_price_sensitivity(layer: DigitalLayer) -> None:
    sensitivity = layer.people.price_sensitivity[layer.incentives.person]
    assert spearmanr(sensitivity, layer.incentives.arm == 2).pvalue > 1e-4


def test_each_outcome_belongs_to_one_earlier_assignment(rows: pd.DataFrame) -> None:
    assigned = rows[rows["event_type"] == "offer_assigned"].set_index("personalization_id")
    outcomes = rows[rows["event_type"] == "outcome_observed"]
    assert assigned.index.is_unique
    assert outcomes["assignment_id"].is_unique
    assert (outcomes["assignment_id"] == outcomes["personalization_id"]).all()
    start = assigned.loc[outcomes["assignment_id"], "occurred_at"].to_numpy()
    lag = outcomes["occurred_at"].to_numpy() - start
    assert lag.min() > np.timedelta64(0, "s")
    assert lag.max() <= np.timedelta64(7, "D")


def test_open_windows_have_no_outcome_yet(layer: DigitalLayer) -> None:
    log = layer.incentives
    unknown = log.converted < 0
    assert unknown.any()
    assert (log.outcome_us[unknown] + 1_000_000 >= layer.orders.end_us).all()


def test_a_person_is_randomised_once_in_seven_days(layer: DigitalLayer) -> None:
    log = pd.DataFrame({"person": layer.incentives.person, "at": layer.incentives.at_us})
    assert (log.groupby("person")["at"].diff().dropna() >= WINDOW_US).all()


def test_margin_is_what_is_left_after_the_incentive(rows: pd.DataFrame) -> None:
    outcomes = rows[rows["event_type"] == "outcome_observed"].set_index("assignment_id")
    assigned = rows[rows["event_type"] == "offer_assigned"].set_index("personalization_id")
    both = outcomes.join(assigned[["arm"]].rename(columns={"arm": "given"}))
    bought = both["converted"].astype(bool)
    assert (both.loc[~bought, ["revenue_amount", "margin_amount"]] == 0).all(axis=None)
    for arm in ARMS:
        mine = both[bought & (both["given"] == arm.name)]
        gross = mine["revenue_amount"] / (1 - arm.cost_share)
        expected = gross * (MARGIN_RATE - arm.cost_share) - arm.fixed_cost
        np.testing.assert_allclose(mine["margin_amount"], expected, atol=2e-3)


def test_conversions_follow_the_potential_outcomes(layer: DigitalLayer) -> None:
    found, expected, variance = 0.0, 0.0, 0.0
    for seed in range(8):
        log = draw_incentives(layer.events, layer.sessions, layer.outcomes, layer.orders.end_us + 10**13, seed)
        chance = layer.outcomes.p_convert[log.person, log.arm]
        found, expected = found + float(log.converted.sum()), expected + float(chance.sum())
        variance += float((chance * (1 - chance)).sum())
    assert 2 * norm.sf(abs(found - expected) / np.sqrt(variance)) > 1e-4


def test_the_best_arm_differs_between_people(layer: DigitalLayer) -> None:
    margin = layer.outcomes.margin_amount
    best = np.bincount(margin.argmax(axis=1), minlength=3) / len(margin)
    assert (best > 0.08).all()
    sensitive = layer.people.price_sensitivity > 0.8
    assert (margin[sensitive].mean(axis=0)[2] > margin[sensitive].mean(axis=0)[0]).all()
    insensitive = layer.people.price_sensitivity < 0.4
    assert margin[insensitive].mean(axis=0)[2] < margin[insensitive].mean(axis=0)[0]


def test_discounts_lift_the_price_sensitive_most(layer: DigitalLayer) -> None:
    lift = layer.outcomes.p_convert[:, 2] - layer.outcomes.p_convert[:, 0]
    assert spearmanr(layer.people.price_sensitivity, lift).statistic > 0.8
    assert ((layer.outcomes.p_convert > 0) & (layer.outcomes.p_convert < 1)).all()
