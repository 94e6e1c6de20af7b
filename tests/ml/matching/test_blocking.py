"""Blocks against brute force; a crowded block takes those who came first, whoever comes later."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from ml.matching.blocking import BLOCK_LIMIT, RULES, block_keys
from ml.matching.frames import compared_records
from ml.matching.normalise import normalise
from tests.ml.matching.people import company


def test_two_records_share_a_block_exactly_when_they_share_its_values() -> None:
    records = company(120, seed=5).records
    normal = normalise(records)
    keys = block_keys(normal, np.arange(len(records)))
    for a, b in combinations(range(len(records)), 2):
        same_email = normal["email"].iloc[a] == normal["email"].iloc[b]
        same_home = all(normal[name].iloc[a] == normal[name].iloc[b] for name in ("postal", "sound"))
        for rule, expected in (("email", same_email), ("postal_family", same_home)):
            one, other = keys[rule].iloc[a], keys[rule].iloc[b]
            assert (pd.notna(one) and pd.notna(other) and one == other) == bool(expected)


def test_a_crowded_block_keeps_its_first_arrivals() -> None:
    normal = normalise(pd.DataFrame({"email": ["shop@mail.com"] * (BLOCK_LIMIT + 10)}))
    arrival = np.random.default_rng(2).permutation(len(normal))
    keys = block_keys(normal, arrival)["email"]
    assert keys.notna().to_numpy().tolist() == (arrival < BLOCK_LIMIT).tolist()
    first = arrival < BLOCK_LIMIT + 3
    assert block_keys(normal[first], arrival[first])["email"].notna().tolist() == keys[first].notna().tolist()


def test_every_rule_has_its_column_whatever_is_missing() -> None:
    records = company(50, seed=1).records[["identifier_key", "received_at"]]
    compared = compared_records(records)
    assert compared[[f"block_{rule}" for rule in RULES]].isna().all().all()
