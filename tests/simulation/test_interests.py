"""Viewed products: what the household buys, never what it will buy except in the basket ahead."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from simulation.arrays import SECOND_US
from simulation.digital_layer import DigitalLayer
from simulation.interests import product_source


def test_earlier_purchases_are_counted_up_to_the_visit(layer: DigitalLayer) -> None:
    orders, sessions = layer.orders, layer.sessions
    source = product_source(orders, sessions)
    seconds = (sessions.start_us - orders.start_us) // SECOND_US
    for visit in range(0, len(sessions.start_us), 211):
        person = sessions.person[visit]
        mine = (orders.line_person == person) & (orders.line_seconds < seconds[visit])
        assert source.bought_before[visit] == (0 if person < 0 else mine.sum())


def test_views_favour_what_the_household_buys(layer: DigitalLayer) -> None:
    orders, events, sessions = layer.orders, layer.events, layer.sessions
    viewed = (events.product >= 0) & ~sessions.is_bot[events.session]
    person, product = sessions.person[events.session[viewed]], events.product[viewed]
    bought = set(zip(orders.line_person.tolist(), orders.line_product.tolist(), strict=True))
    own = np.mean([pair in bought for pair in zip(person.tolist(), product.tolist(), strict=True)])
    shuffled = np.random.default_rng(0).permutation(product)
    chance = np.mean([pair in bought for pair in zip(person.tolist(), shuffled.tolist(), strict=True)])
    assert own > 0.6
    assert own > 1.5 * chance


def test_unprompted_visits_do_not_foresee_first_purchases(layer: DigitalLayer) -> None:
    orders, events, sessions = layer.orders, layer.events, layer.sessions
    free = (events.product >= 0) & (sessions.person[events.session] >= 0) & (sessions.order[events.session] < 0)
    views = pd.DataFrame({"person": sessions.person[events.session[free]], "product": events.product[free]})
    views["at"] = (sessions.start_us[events.session[free]] - orders.start_us) // SECOND_US
    lines = pd.DataFrame({"person": orders.line_person, "product": orders.line_product, "first": orders.line_seconds})
    first = lines.groupby(["person", "product"], as_index=False)["first"].min()
    seen = views.merge(first, on=["person", "product"])
    foreseen, known = (seen["first"] > seen["at"]).sum(), (seen["first"] <= seen["at"]).sum()
    assert foreseen < 0.25 * known


def test_coming_baskets_are_viewed_before_the_order(layer: DigitalLayer) -> None:
    orders, events, sessions = layer.orders, layer.events, layer.sessions
    linked = np.flatnonzero((events.product >= 0) & (sessions.order[events.session] >= 0))[:3_000]
    hits = 0
    for event in linked.tolist():
        order = sessions.order[events.session[event]]
        basket = orders.line_product[orders.order_first[order] : orders.order_first[order + 1]]
        hits += int(events.product[event] in basket)
    assert 0.35 < hits / len(linked) < 0.75


def test_a_span_above_the_key_is_refused(layer: DigitalLayer) -> None:
    longer = dataclasses.replace(layer.orders, end_us=layer.orders.start_us + 800 * 86_400_000_000)
    with pytest.raises(ValueError, match="days: 800 is above 776"):
        product_source(longer, layer.sessions)
