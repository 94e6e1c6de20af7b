"""Evidence: keys without direction, order of arrival, times in UTC."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ml.identity import Evidence
from ml.identity.keys import edge_key
from ml.identity.ordering import microseconds, order_evidence
from tests.ml.identity import ledgers

KEYS = st.integers(0, 2**60 - 1)


@given(KEYS, KEYS)
def test_an_edge_has_one_key_from_both_ends_within_a_bigint(a: int, b: int) -> None:
    key = edge_key(a, b, "same_event", "web")
    assert key == edge_key(b, a, "same_event", "web")
    assert 0 <= key < 2**60
    assert key != edge_key(a, b, "same_event", "app")


def test_pairs_come_in_order_of_arrival_then_keys() -> None:
    nodes = ledgers.identifiers(*[(key, "crm_id", 0) for key in range(1, 5)])
    ordered = order_evidence(Evidence(nodes, ledgers.pairs((4, 3, 2), (2, 1, 2), (3, 1, 1))).checked()).pairs
    assert (ordered["a_key"].iloc[0], ordered["b_key"].iloc[0]) == (3, 1)
    assert ordered["edge_key"].iloc[1] < ordered["edge_key"].iloc[2]


def test_a_pair_can_prove_an_identifier_earlier_than_its_own_row() -> None:
    evidence = order_evidence(
        Evidence(ledgers.identifiers((1, "login", 5), (2, "email", 5)), ledgers.pairs((1, 2, 3))).checked()
    )
    expected = microseconds(pd.Series([ledgers.at(3)] * 2)).tolist()
    assert evidence.arrived.tolist() == expected


def test_naive_instants_are_utc() -> None:
    nodes = ledgers.identifiers((1, "login", 0))
    aware = nodes["first_seen_at"]
    for times in (aware.dt.tz_localize(None), aware.dt.tz_convert("America/New_York")):
        checked = Evidence(nodes.assign(first_seen_at=times), ledgers.pairs()).checked()
        assert microseconds(checked.identifiers["first_seen_at"]).tolist() == microseconds(aware).tolist()
