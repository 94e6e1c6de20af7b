"""Evidence in the order in which the ledger takes it, with times in UTC."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.identity import Evidence, IdentityRules, resolve
from ml.identity.ordering import microseconds, order_evidence
from tests.ml.identity import ledgers


def test_links_come_by_arrival_then_tier_then_weight() -> None:
    nodes = ledgers.identifiers(*[(key, "crm_id", 0) for key in range(1, 5)])
    links = ledgers.pairs((1, 2, 3), (3, 1, 1, 0.7), (3, 2, 1, 0.9), (4, 2, 1))
    said = ledgers.overrides((1, 4, "must_link", 1))
    ordered = order_evidence(Evidence(nodes, links, overrides=said).checked()).links
    ends = list(zip(ordered["a_key"], ordered["b_key"], strict=True))
    assert ends == [(1, 4), (4, 2), (3, 2), (3, 1), (1, 2)]


def test_a_pair_can_prove_an_identifier_earlier_than_its_own_row() -> None:
    nodes = ledgers.identifiers((1, "login", 5), (2, "email", 5))
    arrived = order_evidence(Evidence(nodes, ledgers.pairs((1, 2, 3))).checked()).arrived
    assert arrived.tolist() == microseconds(pd.Series([ledgers.at(3)] * 2)).tolist()


def test_naive_instants_are_utc() -> None:
    nodes = ledgers.identifiers((1, "login", 0))
    aware = nodes["first_seen_at"]
    for times in (aware.dt.tz_localize(None), aware.dt.tz_convert("America/New_York")):
        checked = Evidence(nodes.assign(first_seen_at=times), ledgers.pairs()).checked()
        assert microseconds(checked.identifiers["first_seen_at"]).tolist() == microseconds(aware).tolist()


def test_rules_have_bounds() -> None:
    with pytest.raises(ValueError, match=r"identity.emails_per_person: 0 is below 1"):
        IdentityRules(emails_per_person=0)
    with pytest.raises(ValueError, match=r"identity.device_half_life_days: 0.0 is below 0.001"):
        IdentityRules(device_half_life_days=0.0)


def test_a_shop_may_allow_two_logins() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "crm_id", 0))
    evidence = Evidence(nodes, ledgers.pairs((1, 3, 1), (2, 3, 2)))
    assert resolve(evidence, IdentityRules(logins_per_person=2)).event["type"].tolist().count("merge") == 2
