"""The paired bootstrap finds what is truly better, calls noise noise, and sees a segment that is sacrificed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from ml.champion import Decision, Limits, Measure, Trial, decide, paired
from ml.champion.measures import CHURN, mean_of
from ml.champion.trial import Floats, Labels, column, nowhere
from ml.champion.verdict import MOST_ROWS, resamples, spread
from ml.evaluation import roc_auc

ROWS = 1_200
RANDOM = np.random.default_rng(7)
CHANCE = RANDOM.beta(1, 3, ROWS)
LEFT = (RANDOM.random(ROWS) < CHANCE).astype(np.float64)
NOISE = RANDOM.normal(0, 1, (2, ROWS))
LIMITS = Limits(segment_margin=0.05, fresh_days=28)


def _unused(_files: Mapping[str, bytes]) -> Floats:
    raise AssertionError("nothing is stored here")


def trial(guess: Floats, segment: Labels | None = None) -> Trial:
    return Trial(CHURN, LEFT, column(guess), _unused, nowhere(ROWS) if segment is None else segment)


def blurred(strength: float, place: int = 0) -> Floats:
    return np.clip(CHANCE + strength * NOISE[place], 0.001, 0.999)


def test_a_truly_better_version_serves() -> None:
    found = paired(trial(CHANCE), column(blurred(0.4)), seed=1)
    assert {gain.measure for gain in found.better} == {"ROC-AUC", "Brier"}
    assert decide(found, 1.0, LIMITS).kind == "better"
    auc = next(gain for gain in found.overall if gain.measure == "ROC-AUC")
    assert auc.gain == pytest.approx(roc_auc(LEFT, CHANCE) - roc_auc(LEFT, blurred(0.4)))


def test_noise_keeps_the_champion_until_it_is_old() -> None:
    found = paired(trial(blurred(0.02, 1)), column(blurred(0.02)), seed=1)
    assert not found.better
    assert not found.worse
    assert decide(found, 27.9, LIMITS).kind == "kept"
    assert decide(found, 28.0, LIMITS).kind == "fresh"


def test_a_worse_version_never_serves_however_old_the_champion() -> None:
    found = paired(trial(blurred(0.4)), column(CHANCE), seed=1)
    done = decide(found, 400.0, LIMITS)
    assert (done.kind, done.serves) == ("kept", False)
    assert done.why.startswith("worse beyond noise: ")
    assert "ROC-AUC" in done.why


def test_a_better_version_that_sacrifices_a_segment_does_not_serve() -> None:
    segment = (np.arange(ROWS) % 6 == 0).astype(np.int64)
    guess = np.where(segment == 1, blurred(0.5), CHANCE)
    found = paired(trial(guess, segment), column(np.where(segment == 1, CHANCE, blurred(0.5))), seed=1)
    assert found.better
    assert {gain.segment for gain in found.worse_segments(0.05)} == {1}
    assert decide(found, 400.0, LIMITS) == Decision("kept", decide(found, 400.0, LIMITS).why)
    assert "in segment 1" in decide(found, 1.0, LIMITS).why
    # Whoever allows any loss gets the version.
    assert decide(found, 1.0, Limits(segment_margin=1.0, fresh_days=28)).serves


def test_segments_too_small_say_nothing() -> None:
    segment = np.full(ROWS, -1, dtype=np.int64)
    segment[:99] = 5
    assert paired(trial(CHANCE, segment), column(blurred(0.4)), seed=1).segments == ()


def test_the_same_version_gains_nothing() -> None:
    found = paired(trial(CHANCE), column(CHANCE), seed=1)
    assert [(gain.gain, gain.low, gain.high) for gain in found.overall] == [(0.0, 0.0, 0.0)] * 2


def test_one_class_only_leaves_what_can_be_told() -> None:
    alone = Trial(CHURN, np.zeros(ROWS), column(CHANCE), _unused, nowhere(ROWS))
    assert [gain.measure for gain in paired(alone, column(blurred(0.4)), seed=1).overall] == ["Brier"]


def test_shapes_and_gaps_must_agree() -> None:
    with pytest.raises(ValueError, match="one shape is needed"):
        paired(trial(CHANCE), column(CHANCE[:5]), seed=1)
    holes = CHANCE.copy()
    holes[0] = np.nan
    with pytest.raises(ValueError, match="one version has none"):
        paired(trial(CHANCE), column(holes), seed=1)


def test_a_score_a_row_is_averaged_over_the_rows_that_have_one() -> None:
    scores = np.array([[1.0, np.nan], [0.0, np.nan], [np.nan, 3.0]])
    assert mean_of(0)(np.zeros(3), scores) == 0.5
    assert mean_of(1)(np.zeros(3), scores) == 3.0
    with pytest.raises(ValueError, match="no row"):
        mean_of(0)(np.zeros(1), np.array([[np.nan, 1.0]]))


def test_the_interval_of_a_mean_is_the_textbook_one() -> None:
    values = NOISE[0]
    means = np.array([values[rows].mean() for rows in resamples(ROWS, 3, times=2_000)])
    low, high = spread(means, float(values.mean()), ROWS)
    half = 1.96 * values.std() / np.sqrt(ROWS)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)


def test_fewer_rows_in_a_resample_do_not_widen_the_interval() -> None:
    rows = 25 * MOST_ROWS
    drawn = np.random.default_rng(1).normal(0.5, 1 / np.sqrt(MOST_ROWS), 4_000)
    low, high = spread(drawn, 0.5, rows)
    assert (high - low) / 2 == pytest.approx(1.96 / np.sqrt(rows), rel=0.05)


def test_a_measure_knows_which_way_is_better() -> None:
    lower = Measure("error", mean_of(0), rises=False)
    better = Trial([lower], LEFT, np.full((ROWS, 1), 0.1) + 0.01 * NOISE[:1].T, _unused, nowhere(ROWS))
    assert paired(better, np.full((ROWS, 1), 0.2), seed=1).overall[0].is_better
