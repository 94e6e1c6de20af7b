"""Read-outs of arms drawn by what was learned: exact expectations, rows one by one, and simulated bandits."""

from __future__ import annotations

from itertools import product
from math import sqrt

import numpy as np
import pandas as pd
import pytest

from ml.experiments.bandit_readout import _expected, _scores, readout
from ml.experiments.batches import Batches
from ml.experiments.difference import compare
from ml.experiments.means import Mean


def rows_of(stratum: str, batch: int, p: list[float], outcomes: list[list[float]]) -> pd.DataFrame:
    values = [np.array(column, float) for column in outcomes]
    return pd.DataFrame(
        {
            "stratum": stratum,
            "batch": batch,
            "arm": ["plain", "bold"][: len(p)],
            "propensity": p,
            "n": [len(v) for v in values],
            "total": [v.sum() for v in values],
            "squares": [(v**2).sum() for v in values],
        }
    )


def test_one_batch_at_equal_chances_is_near_the_plain_comparison() -> None:
    random = np.random.default_rng(1)
    a, b = random.gamma(2, 5, 5000), random.gamma(2, 6, 5000)
    found = readout(rows_of("s", 0, [0.5, 0.5], [a, b]), plain="plain")["bold"]
    usual = compare(*(Mean(5000, v.sum(), (v**2).sum()) for v in (a, b)))
    assert found.absolute is not None
    assert found.relative is not None
    assert usual.relative is not None
    assert found.absolute.estimate == pytest.approx(usual.absolute.estimate, rel=1e-9)
    assert found.relative.standard_error == pytest.approx(usual.relative.standard_error, rel=0.01)
    assert found.naive == pytest.approx(b.mean())
    assert found.covered_share == 1.0


def test_scores_are_those_of_the_units_one_by_one() -> None:
    random = np.random.default_rng(2)
    frames, units = [], []
    for batch, stratum in product(range(4), ("new", "old")):
        p = [0.3, 0.7] if (batch + len(stratum)) % 2 else [0.8, 0.2]
        drawn = random.random(30) < p[1]
        y = random.normal(5, 2, 30)
        frames.append(rows_of(stratum, batch, p, [list(y[~drawn]), list(y[drawn])]))
        units += [(stratum, batch, bool(arm), value, p) for arm, value in zip(drawn, y, strict=True)]
    scores = []
    for at, (stratum, batch, arm, value, p) in enumerate(units):
        before = {k: [v for s, b, a, v, _ in units if b < batch and s == stratum and a == k] for k in (False, True)}
        beside = {
            k: [v for i, (s, b, a, v, _) in enumerate(units) if (s, b, a) == (stratum, batch, k) and i != at]
            for k in (False, True)
        }
        means = [float(np.mean(before[k] or beside[k])) for k in (False, True)]
        scores.append([m + (value - m) / p[k] * (arm == bool(k)) for k, m in enumerate(means)])
    table = np.array(scores)
    found = readout(pd.concat(frames), plain="plain")
    assert found["bold"].value.estimate == pytest.approx(table[:, 1].mean(), rel=1e-10)
    gap = table[:, 1] - table[:, 0]
    absolute = found["bold"].absolute
    assert absolute is not None
    assert absolute.estimate == pytest.approx(gap.mean(), rel=1e-9)
    assert absolute.standard_error == pytest.approx(sqrt(((gap - gap.mean()) ** 2).sum()) / len(gap), rel=0.01)


def test_the_expectation_over_every_course_is_the_truth() -> None:
    """Three units at even chances, then two drawn by what came of them: all courses by enumeration."""
    rate = {"plain": 0.4, "bold": 0.6}
    expected, naive = 0.0, 0.0
    for arms in product(rate, repeat=5):
        for outcomes in product((0.0, 1.0), repeat=5):
            won = sum(y if arm == "bold" else -y for arm, y in zip(arms[:3], outcomes[:3], strict=True))
            # Whoever did better is drawn more.
            bold = 0.8 if won > 0 else 0.2 if won < 0 else 0.5
            chance = 0.5**3 * np.prod([bold if arm == "bold" else 1 - bold for arm in arms[3:]])
            chance *= np.prod([rate[arm] if y else 1 - rate[arm] for arm, y in zip(arms, outcomes, strict=True)])
            drawn = [
                [[y for a, y in zip(arms[cut], outcomes[cut], strict=True) if a == arm] for arm in rate]
                for cut in (slice(3), slice(3, 5))
            ]
            expected += chance * score_mean(drawn, bold)
            bolds = [*drawn[0][1], *drawn[1][1]]
            naive += chance * (np.mean(bolds) if bolds else 0.6)
    assert expected == pytest.approx(0.6, abs=1e-12)
    assert naive < 0.59


def score_mean(drawn: list[list[list[float]]], bold: float) -> float:
    """Mean score of the bold arm, also of courses so short that nothing varies in them."""
    n, total = (np.array([[float(of(arm)) for arm in batch] for batch in drawn]) for of in (len, sum))
    order = np.arange(2)
    table = Batches(["plain", "bold"], order * 0, order, np.array([[0.5, 0.5], [1 - bold, bold]]), n, total, total)
    sums, _ = _scores(table, _expected(table), 1, 1, np.array([True, True]))
    return float(sums[:, 0].sum() / n.sum())


def thompson(random: np.random.Generator, rates: np.ndarray, batches: int, units: int) -> pd.DataFrame:
    """Beta sampling with a floor, weights from 100 draws a batch."""
    k = len(rates)
    won, tried, p, rows = np.zeros(k), np.zeros(k), np.full(k, 1 / k), []
    for batch in range(batches):
        n = random.multinomial(units, p)
        wins = random.binomial(n, rates)
        rows.append(np.column_stack([np.full(k, batch), np.arange(k), p, n, wins]))
        won, tried = won + wins, tried + n
        best = random.beta(1 + won, 1 + tried - won, (100, k)).argmax(axis=1)
        p = 0.1 / k + 0.9 * np.bincount(best, minlength=k) / 100
    table = np.concatenate(rows)
    frame = pd.DataFrame(table, columns=["batch", "arm", "propensity", "n", "total"])
    return frame.assign(stratum="all", arm="arm " + frame["arm"].astype(int).astype(str), squares=frame["total"])


def test_simulated_bandits_are_read_without_the_bias_of_plain_means() -> None:
    random, rates = np.random.default_rng(3), np.array([0.10, 0.10, 0.12])
    lifts, naive, covered = [], [], []
    for _ in range(60):
        found = readout(thompson(random, rates, 20, 300), plain="arm 0")
        relative, absolute = found["arm 1"].relative, found["arm 1"].absolute
        assert relative is not None
        assert absolute is not None
        lifts.append(relative.estimate)
        naive.append(found["arm 1"].naive)
        covered.append(absolute.interval.low <= 0.0 <= absolute.interval.high)
    assert abs(np.mean(lifts)) < 3.5 * np.std(lifts) / sqrt(60)
    assert np.mean(naive) < 0.0975
    assert np.mean(covered) > 0.88


def test_order_of_rows_does_not_matter() -> None:
    frame = thompson(np.random.default_rng(4), np.array([0.1, 0.2]), 10, 100)
    assert readout(frame.sample(frac=1, random_state=1), plain="arm 0") == readout(frame, plain="arm 0")


def test_an_arm_added_in_flight_is_compared_where_both_could_be_drawn() -> None:
    random = np.random.default_rng(5)
    early = rows_of("s", 0, [1.0, 0.0], [list(random.normal(1, 1, 100)), []])
    late = [
        rows_of("s", at, [0.5, 0.5], [list(random.normal(5, 1, 50)), list(random.normal(6, 1, 50))]) for at in (1, 2)
    ]
    found = readout(pd.concat([early, *late]), plain="plain")["bold"]
    assert found.covered_share == pytest.approx(2 / 3)
    assert found.absolute is not None
    assert found.absolute.estimate == pytest.approx(1.0, abs=3 * found.absolute.standard_error)


def test_an_arm_that_never_converted_does_not_hide_the_others() -> None:
    random = np.random.default_rng(8)
    values = [list((random.random(400) < rate).astype(float)) for rate in (0.10, 0.30)]
    frame = pd.concat(
        [rows_of("s", 0, [1 / 3, 1 / 3], values), rows_of("s", 0, [1 / 3], [[0.0] * 400]).assign(arm="dead")]
    )
    found = readout(frame, plain="plain")
    assert (found["dead"].mean, found["dead"].value) == (0.0, None)
    assert found["dead"].absolute is not None
    assert found["dead"].absolute.interval.high < 0
    assert found["bold"].absolute is not None
    assert found["bold"].absolute.interval.low > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"propensity": [0.5, 0.4]}, "propensity: adds up to 0.9"),
        ({"propensity": [1.0, 0.0]}, "propensity: 0 with 2 units"),
        ({"propensity": [0.5, float("nan")]}, "propensity: 1 values are not finite"),
        ({"n": [-1, 2]}, "n: -1; at least 0"),
        ({"squares": [0.1, 5]}, "squares: too small"),
        ({"arm": ["plain", "plain"]}, "arm: twice in one batch"),
        ({"arm": ["plain", None]}, "arm: null in 1 rows"),
    ],
)
def test_bad_rows_are_named(change: dict[str, list[object]], said: str) -> None:
    frame = rows_of("s", 0, [0.5, 0.5], [[1, 2], [1, 2]]).assign(**change)
    with pytest.raises(ValueError, match=said):
        readout(frame, plain="plain")


def test_missing_arms_and_columns_are_named() -> None:
    frame = rows_of("s", 0, [0.5, 0.5], [[1, 2], [1, 2]])
    with pytest.raises(ValueError, match="plain: 'control'; not among the arms bold, plain"):
        readout(frame, plain="control")
    with pytest.raises(ValueError, match="squares: not a column"):
        readout(frame.drop(columns="squares"), plain="plain")
    with pytest.raises(ValueError, match="frame: 0 rows"):
        readout(frame.iloc[:0], plain="plain")
    with pytest.raises(ValueError, match="arm 'bold': no batch with units could draw it"):
        readout(rows_of("s", 0, [1.0, 0.0], [[1, 2], []]), plain="plain")
    with pytest.raises(ValueError, match="weighting: 'none'"):
        readout(frame, plain="plain", weighting="none")  # type: ignore[arg-type]
