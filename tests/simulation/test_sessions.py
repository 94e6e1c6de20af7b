"""Visits: shares, order links, clustering before orders, crawlers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from simulation.arrays import DAY_US, HOUR_US, LOCAL_OFFSET_US
from simulation.digital_layer import DigitalLayer
from simulation.sessions import BOT_SESSIONS_PER_DAY, LOGIN_SHARE, REMEMBERED_SHARE, Sessions


@pytest.fixture(scope="module")
def sessions(layer: DigitalLayer) -> Sessions:
    return layer.sessions


def test_visits_are_in_order_of_time_and_inside_the_period(layer: DigitalLayer, sessions: Sessions) -> None:
    assert (np.diff(sessions.start_us) >= 0).all()
    assert sessions.start_us.min() >= layer.orders.start_us
    assert sessions.start_us.max() < layer.orders.end_us
    assert sessions.steps.min() >= 1


def test_each_order_link_is_a_real_order_of_the_same_person_soon_after(layer: DigitalLayer, sessions: Sessions) -> None:
    linked = sessions.order >= 0
    order = sessions.order[linked]
    assert (layer.orders.order_person[order] == sessions.person[linked]).all()
    lead = layer.orders.order_at_us[order] - sessions.start_us[linked]
    assert lead.min() > 0
    assert lead.max() < 4.1 * DAY_US


def test_visits_cluster_before_orders(layer: DigitalLayer, sessions: Sessions) -> None:
    keys = layer.orders.order_person * (1 << 52) + (layer.orders.order_at_us - layer.orders.start_us)
    human = ~sessions.is_bot
    visits = np.sort(sessions.person[human] * (1 << 52) + sessions.start_us[human] - layer.orders.start_us)
    before = np.searchsorted(visits, keys) - np.searchsorted(visits, keys - DAY_US)
    after = np.searchsorted(visits, keys + DAY_US) - np.searchsorted(visits, keys)
    assert before.sum() > 1.4 * after.sum()


def test_login_shares(layer: DigitalLayer, sessions: Sessions) -> None:
    account = layer.people.has_account[np.maximum(sessions.person, 0)] & ~sessions.is_bot
    assert not (sessions.is_logged_in & ~account).any()
    assert binomtest(int(sessions.is_logged_in.sum()), int(account.sum()), LOGIN_SHARE).pvalue > 1e-4
    remembered, logged = int(sessions.is_remembered.sum()), int(sessions.is_logged_in.sum())
    assert binomtest(remembered, logged, REMEMBERED_SHARE).pvalue > 1e-4
    assert sessions.is_logged_in[~sessions.is_bot].mean() > 0.5


def test_people_who_are_not_digital_come_only_through_a_newsletter(layer: DigitalLayer, sessions: Sessions) -> None:
    offline = ~layer.people.is_digital[np.maximum(sessions.person, 0)] & ~sessions.is_bot
    assert (sessions.click[offline] >= 0).all()


def test_every_click_opens_at_most_one_visit_of_its_reader(layer: DigitalLayer, sessions: Sessions) -> None:
    opened = sessions.click >= 0
    clicks = sessions.click[opened]
    assert len(np.unique(clicks)) == len(clicks)
    readers = layer.emails.person[layer.emails.kind == 2]
    assert (readers[clicks] == sessions.person[opened]).all()


def test_crawlers_are_nobody_and_bring_a_new_cookie_each_time(layer: DigitalLayer, sessions: Sessions) -> None:
    bots = sessions.is_bot
    assert int(bots.sum()) == int(layer.orders.days * BOT_SESSIONS_PER_DAY)
    assert len(np.unique(sessions.cookie[bots])) == int(bots.sum())
    assert not np.isin(sessions.cookie[~bots], sessions.cookie[bots]).any()
    assert not sessions.is_logged_in[bots].any()
    assert (sessions.device[bots] == -1).all()


def test_few_people_browse_in_the_small_hours(sessions: Sessions) -> None:
    hour = (sessions.start_us[~sessions.is_bot] - LOCAL_OFFSET_US) % DAY_US // HOUR_US
    assert np.isin(hour, (2, 3, 4)).mean() < 0.04
    assert np.isin(hour, (18, 19, 20, 21)).mean() > 4 * np.isin(hour, (1, 2, 3, 4)).mean()
