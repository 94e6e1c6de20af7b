"""People: shares, traits that follow real behaviour, unique names."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest, spearmanr

from simulation.digital_layer import DigitalLayer
from simulation.orders import Orders
from simulation.people import ACCOUNT_SHARE, DIGITAL_SHARE, SECOND_EMAIL_SHARE, draw_people


def test_shares_are_as_declared(layer: DigitalLayer) -> None:
    people, count = layer.people, layer.orders.people
    declared = (
        (people.is_digital, DIGITAL_SHARE),
        (people.has_account, ACCOUNT_SHARE),
        (people.has_second_email, 0.93 * SECOND_EMAIL_SHARE),
    )
    for flags, share in declared:
        assert binomtest(int(flags.sum()), count, share).pvalue > 1e-4


def test_every_account_has_an_email(layer: DigitalLayer) -> None:
    assert not (layer.people.has_account & ~layer.people.has_email).any()
    assert not (layer.people.has_second_email & ~layer.people.has_email).any()


def test_names_are_unique_and_addresses_are_reserved_domains(layer: DigitalLayer) -> None:
    people = layer.people
    addresses = [*people.emails, *people.second_emails]
    assert len(set(addresses)) == len(addresses)
    assert len(set(people.logins)) == len(set(people.person_ids)) == layer.orders.people
    assert all(address.rsplit(".", 1)[0].endswith("example") for address in addresses)


def test_price_sensitivity_follows_the_real_discount_share(layer: DigitalLayer, orders: Orders) -> None:
    lines = pd.DataFrame({"person": orders.line_person, "off": orders.line_discount, "listed": orders.line_list_amount})
    totals = lines.groupby("person").sum()
    share = (totals["off"] / totals["listed"].clip(lower=0.01)).to_numpy()
    assert spearmanr(share, layer.people.price_sensitivity).statistic > 0.9
    assert layer.people.price_sensitivity.min() >= 0
    assert layer.people.price_sensitivity.max() <= 1


def test_people_join_before_their_first_order_or_when_the_layer_starts(layer: DigitalLayer, orders: Orders) -> None:
    first = pd.Series(orders.order_at_us).groupby(orders.order_person).min().to_numpy()
    joined = layer.people.joined_us
    assert (joined < first).all()
    assert (joined >= orders.start_us).all()
    assert (joined >= first - 10 * 86_400_000_000 - 600_000_000)[first > orders.start_us + 11 * 86_400_000_000].all()


def test_the_same_seed_gives_the_same_people(layer: DigitalLayer, orders: Orders) -> None:
    again, other = draw_people(orders, 11), draw_people(orders, 12)
    assert again.emails == layer.people.emails
    assert np.array_equal(again.affinity, layer.people.affinity)
    assert other.person_ids != again.person_ids
