"""Rows that arms are drawn from: of what is permitted alone, adding up to 1, with the floor."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.experiments.definition import Experiment
from serving.experiments.rows import drawn, learned_row
from tests.serving.experiments.registry import experiment

ARMS = {f"a{n}": {"action": "produce", "share": 1.0} for n in range(4)} | {
    "plain": {"action": "welcome", "is_plain": True}
}
WEIGHTS = st.dictionaries(st.sampled_from([f"a{n}" for n in range(4)]), st.floats(0, 1), min_size=1)
PERMITTED = st.sets(st.sampled_from(sorted(ARMS)), min_size=1)


def bandit(floor: float = 0.1) -> Experiment:
    return experiment(kind="bandit", arms=ARMS, floor=floor)


def test_a_published_row_that_is_whole_is_drawn_from_as_it_stands() -> None:
    published = {"a0": 0.62, "a1": 0.02, "a2": 0.02, "a3": 0.14, "plain": 0.2}
    assert learned_row(bandit(), published, list(ARMS)) == pytest.approx(published, abs=1e-15)


def test_the_plain_arm_keeps_its_declared_share_where_the_table_leaves_it_out() -> None:
    row = learned_row(bandit(), {"a0": 0.7, "a1": 0.1, "a2": 0.1, "a3": 0.1}, list(ARMS))
    assert row == pytest.approx({"a0": 0.56, "a1": 0.08, "a2": 0.08, "a3": 0.08, "plain": 0.2})


def test_what_is_blocked_is_taken_out_and_the_rest_scaled() -> None:
    row = learned_row(bandit(0.0), {"a0": 0.4, "a1": 0.2, "a2": 0.1, "a3": 0.1, "plain": 0.2}, ["a1", "a2", "plain"])
    assert row == pytest.approx({"a1": 0.4, "a2": 0.2, "plain": 0.4})


def test_an_arm_that_the_table_does_not_know_yet_gets_the_floor() -> None:
    row = learned_row(bandit(), {"a0": 0.5, "a1": 0.2, "a2": 0.1, "plain": 0.2}, list(ARMS))
    assert row["a3"] == pytest.approx(0.1 / 4 * 0.8)
    assert row["plain"] == pytest.approx(0.2)


@given(WEIGHTS, PERMITTED, st.floats(0, 1))
def test_rows_add_up_to_one_and_keep_the_floor(weights: dict[str, float], permitted: set[str], floor: float) -> None:
    row = learned_row(bandit(floor), weights, sorted(permitted))
    assert set(row) == permitted
    assert math.isclose(sum(row.values()), 1.0, abs_tol=1e-12)
    learned = {name: p for name, p in row.items() if name != "plain"}
    mass = sum(learned.values())
    assert all(p >= floor * mass / len(learned) * (1 - 1e-8) for p in learned.values())


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda row: sum(row) > 0),
    st.floats(0, 1, exclude_max=True),
)
def test_nothing_without_probability_is_drawn(row: list[float], u: float) -> None:
    scaled = [p / sum(row) for p in row]
    assert scaled[drawn(scaled, u)] > 0
