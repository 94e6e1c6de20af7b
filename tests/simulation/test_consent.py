"""Consent: shares by purpose, withdrawals in the middle of the period, the day's state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from simulation.arrays import DAY_US
from simulation.consent import PURPOSES, draw_consent
from simulation.digital_layer import DigitalLayer


@pytest.mark.parametrize("purpose", PURPOSES, ids=lambda purpose: purpose.name)
def test_the_first_answer_has_the_declared_share(
    read_source: Callable[[str], pd.DataFrame], purpose: tuple[str, float, float, str]
) -> None:
    rows = read_source("sim_consent")
    first = rows[rows["purpose"] == purpose[0]].groupby("household_id")["granted"].first()
    assert len(first) == 400
    assert binomtest(int(first.sum()), len(first), purpose[1]).pvalue > 1e-4


def test_about_85_percent_grant_personalization() -> None:
    assert next(purpose.granted_share for purpose in PURPOSES if purpose.name == "personalization") == 0.85


def test_only_granted_consent_is_withdrawn_and_in_the_middle_of_the_period(layer: DigitalLayer) -> None:
    log, span = layer.consent, layer.orders.end_us - layer.orders.start_us
    seen: dict[tuple[int, int], bool] = {}
    withdrawals = 0
    for person, purpose, at, granted in zip(log.person, log.purpose, log.at_us, log.granted, strict=True):
        if (person, purpose) in seen:
            assert seen[person, purpose]
            assert not granted
            assert 0.34 < (at - layer.orders.start_us) / span < 0.77
            withdrawals += 1
        seen[person, purpose] = bool(granted)
    assert withdrawals > 10


def test_granted_until_replays_the_log(layer: DigitalLayer) -> None:
    people, end = layer.orders.people, layer.orders.end_us
    for number, purpose in enumerate(PURPOSES):
        expected = [0] * people
        for person, code, at, granted in zip(*layer.consent, strict=True):
            if code == number:
                expected[person] = end if granted else min(at, expected[person])
        assert layer.consent.granted_until(purpose.name, people, end).tolist() == expected


def test_answers_are_in_order_of_time_and_within_the_period(layer: DigitalLayer) -> None:
    assert (np.diff(layer.consent.at_us) >= 0).all()
    assert layer.consent.at_us.min() >= layer.orders.start_us
    assert layer.consent.at_us.max() < layer.orders.end_us


def test_consent_is_asked_when_people_join(layer: DigitalLayer) -> None:
    first = pd.Series(layer.consent.at_us).groupby(layer.consent.person).min().to_numpy()
    assert np.array_equal(first, layer.people.joined_us)


def test_only_linked_accounts_show_their_login(read_source: Callable[[str], pd.DataFrame], layer: DigitalLayer) -> None:
    rows = read_source("sim_consent").drop_duplicates("household_id").set_index("household_id").sort_index()
    has_login = rows["login"].notna().to_numpy()
    assert not (has_login & ~layer.people.has_account).any()
    assert 0.7 < has_login[layer.people.has_account].mean() < 0.9
    assert rows["email"].notna().to_numpy().tolist() == layer.people.has_email.tolist()


def test_nobody_withdraws_within_a_day_of_joining(layer: DigitalLayer) -> None:
    log = draw_consent(layer.orders, layer.people, 99)
    late = log.at_us > layer.people.joined_us[log.person] + DAY_US
    first_day = log.at_us <= layer.people.joined_us[log.person] + 10_000_000
    assert (late | first_day).all()
