"""Verdicts on candidates whose worth is known, and on logs with planted faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml.offpolicy import Draws, Evaluation, Gate, LoggedTraffic, Verdict, evaluate
from ml.offpolicy.draws import draw_faults
from ml.offpolicy.faults import propensity_faults
from ml.offpolicy.sides import compare
from tests.ml.offpolicy import worlds

BETTER = np.array([[0.2, 0.6, 0.2], [0.6, 0.2, 0.2]])
WORSE = np.array([[0.2, 0.2, 0.6], [0.1, 0.6, 0.3]])
PEOPLE = 6_000


@pytest.fixture(scope="module")
def traffic() -> LoggedTraffic:
    return worlds.log(BETTER, PEOPLE, seed=11)


def judged(traffic: LoggedTraffic, **changes: object) -> Evaluation:
    return evaluate(replace(traffic, **changes), seed=3)  # type: ignore[arg-type]


def in_slices(traffic: LoggedTraffic, policy: np.ndarray) -> np.ndarray:
    return policy[traffic.slices["segment"].astype(int)]


def test_a_better_candidate_may_go_on(traffic: LoggedTraffic) -> None:
    found = judged(traffic)
    assert found.judgement.verdict is Verdict.OK
    assert found.dr.low < worlds.true_value(BETTER) < found.dr.high
    assert "against the logged policy (95 % interval" in found.judgement.reasons[0]
    assert found.weights.mean == pytest.approx(1.0, abs=0.05)
    parts = {part.label: part for part in found.parts}
    by_hand = (BETTER * worlds.WORTH).sum(axis=1)
    for segment in (0, 1):
        assert parts[str(segment)].candidate.low < by_hand[segment] < parts[str(segment)].candidate.high


def test_a_worse_candidate_is_called_worse(traffic: LoggedTraffic) -> None:
    found = judged(traffic, candidate=in_slices(traffic, WORSE))
    assert found.judgement.verdict is Verdict.WORSE
    assert found.judgement.reasons[0].startswith("-")


def test_few_people_are_not_enough() -> None:
    found = evaluate(worlds.log(BETTER, 300, seed=12))
    assert found.judgement.verdict is Verdict.INSUFFICIENT
    assert any("at least 1,000 is needed" in reason for reason in found.judgement.reasons)


def test_an_action_that_could_not_be_drawn_is_no_support(traffic: LoggedTraffic) -> None:
    rows = worlds.LOGGING.copy()
    rows[1] = [0.0, 0.4, 0.6]
    segment = np.arange(PEOPLE) % 2
    random = np.random.default_rng(13)
    action = np.array([random.choice(3, p=rows[s]) for s in segment])
    reward = worlds.WORTH[segment, action] + random.normal(size=PEOPLE)
    log = worlds.traffic(np.arange(PEOPLE), segment, action, reward, rows[segment], BETTER[segment])
    found = evaluate(log)
    assert found.judgement.verdict is Verdict.INSUFFICIENT
    assert found.support.unsupported == pytest.approx(0.6 / 2)
    assert "could not have been drawn" in found.judgement.reasons[0]


def test_one_order_of_a_million_decides_nothing(traffic: LoggedTraffic) -> None:
    reward = traffic.reward.copy()
    reward[int(np.flatnonzero(traffic.action == 1)[0])] = 1e6
    found = judged(traffic, reward=reward)
    assert found.judgement.verdict is not Verdict.OK
    assert any("one person makes" in reason for reason in found.judgement.reasons)


def test_a_negative_value_of_the_log_keeps_the_direction(traffic: LoggedTraffic) -> None:
    found = judged(traffic, reward=traffic.reward - 10.0)
    assert found.judgement.verdict is Verdict.OK
    assert found.difference.value > 0


@pytest.mark.parametrize("has_rows", [True, False])
def test_marginal_shares_posing_as_propensities_are_caught(traffic: LoggedTraffic, has_rows: bool) -> None:
    shares = np.bincount(traffic.action) / PEOPLE
    rows = np.tile(shares, (PEOPLE, 1)) if has_rows else np.full((PEOPLE, 3), np.nan)
    found = judged(traffic, logged=rows, propensity=shares[traffic.action])
    assert found.judgement.verdict is Verdict.UNTRUSTED
    assert "segment" in found.judgement.reasons[0]


def test_a_constant_factor_is_caught_without_rows(traffic: LoggedTraffic) -> None:
    unknown = np.full((PEOPLE, 3), np.nan)
    for factor in (0.8, 1.25):
        found = judged(traffic, logged=unknown, propensity=np.minimum(traffic.propensity * factor, 1.0))
        assert found.judgement.verdict is Verdict.UNTRUSTED
    assert judged(traffic, logged=unknown).judgement.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, "propensity: 0 in 1 of"), (1.5, "propensity: 1.5 in 1 of"), (np.nan, "missing in 1 of")],
)
def test_a_propensity_that_is_none_is_told(traffic: LoggedTraffic, value: float, told: str) -> None:
    propensity = traffic.propensity.copy()
    propensity[7] = value
    found = judged(traffic, propensity=propensity)
    assert found.judgement.verdict is Verdict.UNTRUSTED
    assert told in found.judgement.reasons[0]


def test_rows_that_do_not_add_up_are_told(traffic: LoggedTraffic) -> None:
    told = propensity_faults(replace(traffic, logged=traffic.logged * 0.8, propensity=traffic.propensity * 0.8))
    assert "do not add up to 1, one to 0.8000" in told[0]


def test_sound_logs_are_not_accused() -> None:
    told = [propensity_faults(worlds.log(BETTER, 800, seed=200 + seed, visits=2)) for seed in range(20)]
    assert sum(map(bool, told)) <= 1


def draws(streams: dict[str, np.ndarray], outcome: np.ndarray | None = None) -> Draws:
    names = np.repeat(list(streams), [len(u) for u in streams.values()])
    u = np.concatenate(list(streams.values()))
    people = np.concatenate([np.arange(len(each)) for each in streams.values()]).astype(str)
    told = np.full(len(u), np.nan) if outcome is None else outcome
    return Draws(names, people, u, u * 2 % 1, (u >= 0.5).astype(np.int64), told)


def test_draws_of_one_salt_and_of_the_outcomes_hash_are_caught() -> None:
    random = np.random.default_rng(14)
    one, other = random.random(2_000), random.random(2_000)
    bought = (random.random(2_000) < 0.3).astype(float)
    assert draw_faults(draws({"x": one, "y": other})) == []
    assert draw_faults(draws({"x": one}, bought)) == []
    assert "they share a salt" in draw_faults(draws({"x": one, "y": one}))[0]
    assert "not independent" in draw_faults(draws({"x": one, "y": (one + 0.3) % 1}))[0]
    assert "not uniform" in draw_faults(draws({"x": one**1.3}))[0]
    assert "come from one hash or salt" in draw_faults(draws({"x": one}, (one % 0.5 < 0.15).astype(float)))[0]
    assert "0 to below 1 is needed" in draw_faults(draws({"x": one + 1}))[0]


def test_a_canary_is_compared_with_the_rest() -> None:
    random = np.random.default_rng(15)
    rest = random.normal(10.0, 3.0, 20_000), np.arange(20_000)
    good = random.normal(10.2, 3.0, 4_000), np.arange(4_000)
    bad = random.normal(9.0, 3.0, 4_000), np.arange(4_000)
    assert compare(good, rest).verdict is Verdict.OK
    assert compare(bad, rest).verdict is Verdict.WORSE
    few = compare((good[0][:50], good[1][:50]), rest)
    assert few.verdict is Verdict.INSUFFICIENT
    early = compare((random.normal(10.0, 3.0, 300), np.arange(300)), rest, Gate())
    assert early.verdict is Verdict.INSUFFICIENT
    assert "too early" in early.reason
