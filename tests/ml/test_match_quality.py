"""Match measures against brute force over all pairs of sessions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.match_quality import match_quality, partition_quality

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=25)


def frames(rows: list[tuple[object, object]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    ids = [f"s{index}" for index in range(len(rows))]
    sessions = pd.DataFrame({"session_id": ids, "customer_id": [customer for customer, _ in rows]})
    truth = pd.DataFrame({"session_id": ids, "person_id": [person for _, person in rows], "is_bot": False})
    return sessions, truth


@settings(deadline=None, max_examples=50)
@given(PAIRS)
def test_measures_equal_brute_force(rows: list[tuple[int, int]]) -> None:
    result = match_quality(*frames(list(rows)))
    together = {pair for pair in combinations(range(len(rows)), 2) if rows[pair[0]][0] == rows[pair[1]][0]}
    related = {pair for pair in combinations(range(len(rows)), 2) if rows[pair[0]][1] == rows[pair[1]][1]}
    common = len(together & related)
    assert result.pairwise_precision == pytest.approx(common / len(together) if together else 1.0)
    assert result.pairwise_recall == pytest.approx(common / len(related) if related else 1.0)
    each = []
    for customer, person in rows:
        cluster = [other for other in rows if other[0] == customer]
        each.append(sum(other[1] == person for other in cluster) / len(cluster))
    assert result.bcubed_precision == pytest.approx(np.mean(each))


def test_a_perfect_ledger_and_its_match_rate() -> None:
    result = match_quality(*frames([("a", 1), ("a", 1), ("b", 2)]))
    assert (result.pairwise_f1, result.bcubed_f1, result.match_rate, result.fragmentation) == (1, 1, 1, 1)
    assert (result.over_merged_share, result.largest_mix) == (0, 1)


def test_sessions_of_nobody_stand_alone() -> None:
    result = match_quality(*frames([("a", 1), (None, 1), (None, 2)]))
    assert result.match_rate == pytest.approx(1 / 3)
    assert (result.pairwise_precision, result.pairwise_recall) == (1.0, 0.0)
    assert result.pairwise_f1 == 0.0
    assert result.fragmentation == 1.5


def test_one_profile_for_all_is_over_merged() -> None:
    result = match_quality(*frames([("a", 1), ("a", 2), ("a", 3)]))
    assert (result.over_merged_share, result.largest_mix, result.pairwise_precision) == (1.0, 3, 0.0)


def test_bots_are_left_out() -> None:
    sessions, truth = frames([("a", 1), ("a", 1), ("a", None)])
    truth["is_bot"] = [False, False, True]
    assert match_quality(sessions, truth).sessions == 2


def test_strangers_to_the_truth_are_reported() -> None:
    sessions, truth = frames([("a", 1)])
    with pytest.raises(ValueError, match="none of 1 sessions"):
        match_quality(sessions.assign(session_id="other"), truth)


@settings(deadline=None, max_examples=50)
@given(PAIRS)
def test_partition_measures_equal_brute_force(rows: list[tuple[int, int]]) -> None:
    customers, people = (pd.Series([row[side] for row in rows], index=range(100, 100 + len(rows))) for side in (0, 1))
    result = partition_quality(customers.sample(frac=1, random_state=1), people)
    pairs = list(combinations(rows, 2))
    together = [one[0] == other[0] for one, other in pairs]
    related = [one[1] == other[1] for one, other in pairs]
    common = sum(a and b for a, b in zip(together, related, strict=True))
    assert result.pairwise_precision == pytest.approx(common / sum(together) if any(together) else 1.0)
    assert result.pairwise_recall == pytest.approx(common / sum(related) if any(related) else 1.0)
    share = {side: [] for side in (0, 1)}
    for row in rows:
        for side, found in share.items():
            group = [other for other in rows if other[side] == row[side]]
            found.append(sum(other[1 - side] == row[1 - side] for other in group) / len(group))
    assert result.bcubed_precision == pytest.approx(np.mean(share[0]))
    assert result.bcubed_recall == pytest.approx(np.mean(share[1]))
    assert result.identifiers == len(rows)


def test_identifiers_of_nobody_stand_alone_and_strangers_are_left_out() -> None:
    truth = pd.Series({1: "ann", 2: "ann", 3: "bob", 4: None})
    result = partition_quality(pd.Series({1: "c1", 2: None, 9: "c1"}), truth)
    assert (result.identifiers, result.pairwise_precision, result.pairwise_recall) == (3, 1.0, 0.0)
    assert result.fragmentation == 1.5


def test_a_partition_needs_people_and_single_keys() -> None:
    with pytest.raises(ValueError, match="none of 1 identifiers has a person"):
        partition_quality(pd.Series({1: "c"}), pd.Series({1: None}))
    with pytest.raises(ValueError, match="assigned: key 1 occurs more than once"):
        partition_quality(pd.Series(["a", "b"], index=[1, 1]), pd.Series({1: "ann"}))
