"""Evidence: keys without direction, order of arrival, times in UTC."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ml.identity.evidence import edge_key, microseconds, order_evidence
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
    ordered = order_evidence(nodes, ledgers.pairs((4, 3, 2), (2, 1, 2), (3, 1, 1))).pairs
    assert list(zip(ordered["a_key"], ordered["b_key"], strict=True)) == [(3, 1), (2, 1), (4, 3)]


def test_a_pair_can_prove_an_identifier_earlier_than_its_own_row() -> None:
    evidence = order_evidence(ledgers.identifiers((1, "login", 5), (2, "email", 5)), ledgers.pairs((1, 2, 3)))
    expected = microseconds(pd.Series([ledgers.at(3)] * 2)).tolist()
    assert evidence.arrived.tolist() == expected


def test_naive_instants_are_utc() -> None:
    naive = pd.Series([pd.Timestamp("1970-01-01 00:00:01")])
    assert microseconds(naive).tolist() == [1_000_000]
    assert microseconds(naive.dt.tz_localize("UTC").dt.tz_convert("America/New_York")).tolist() == [1_000_000]
