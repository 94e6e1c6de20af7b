"""Newsletters respect consent, follow their own order, and are read more by the interested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simulation.activity import interest_at, weekly_interest
from simulation.digital_layer import DigitalLayer
from simulation.emails import campaign_names, draw_emails


@pytest.fixture(scope="module")
def log(layer: DigitalLayer) -> pd.DataFrame:
    return pd.DataFrame(layer.emails._asdict())


def test_nobody_is_written_to_without_consent(layer: DigitalLayer, log: pd.DataFrame) -> None:
    until = layer.consent.granted_until("marketing_email", layer.orders.people, layer.orders.end_us)
    sent = log[log["kind"] == 0]
    assert (sent["at_us"].to_numpy() < until[sent["person"]]).all()
    assert layer.people.has_email[sent["person"]].all()
    assert (sent["at_us"].to_numpy() >= layer.people.joined_us[sent["person"]]).all()


def test_each_opening_follows_a_sending_and_each_click_an_opening(log: pd.DataFrame) -> None:
    steps = log.pivot(index=["person", "week"], columns="kind", values="at_us")
    assert not (steps[1].notna() & steps[0].isna()).any()
    assert (steps[1] > steps[0])[steps[1].notna()].all()
    assert not (steps[2].notna() & steps[1].isna()).any()
    assert (steps[2] > steps[1])[steps[2].notna()].all()


def test_a_person_gets_at_most_one_newsletter_a_week(log: pd.DataFrame) -> None:
    assert not log[log["kind"] == 0].duplicated(["person", "week"]).any()


def test_arrival_is_ordered_and_after_the_event(layer: DigitalLayer) -> None:
    assert (np.diff(layer.emails.received_us) >= 0).all()
    assert (layer.emails.received_us > layer.emails.at_us).all()
    assert layer.emails.received_us.max() < layer.orders.end_us


def test_clicks_are_numbered_without_gaps(log: pd.DataFrame) -> None:
    clicked = log[log["kind"] == 2]
    assert clicked["click"].tolist() == list(range(len(clicked)))
    assert (log[log["kind"] != 2]["click"] == -1).all()


def test_interested_people_open_more(layer: DigitalLayer) -> None:
    interest = weekly_interest(layer.orders, layer.people, 11)
    emails = draw_emails(layer.orders, layer.people, layer.consent, interest, 3)
    sent, opened = emails.kind == 0, emails.kind == 1
    keys = set(zip(emails.person[opened].tolist(), emails.week[opened].tolist(), strict=True))
    pairs = zip(emails.person[sent].tolist(), emails.week[sent].tolist(), strict=True)
    was_opened = np.array([pair in keys for pair in pairs])
    level = interest_at(interest, layer.orders, emails.person[sent], emails.at_us[sent])
    warm = level > np.quantile(level, 0.75)
    cold = level < np.quantile(level, 0.25)
    assert was_opened[warm].mean() > 1.3 * was_opened[cold].mean()


def test_campaigns_are_named_by_week() -> None:
    assert campaign_names(3) == ["newsletter_01", "newsletter_02", "newsletter_03"]
