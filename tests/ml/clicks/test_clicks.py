"""The click model against scikit-learn and brute force, on planted effects, on noise and on too little."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import norm, spearmanr

from ml.clicks import EVERYBODY, ClickModel, train_clicks
from ml.clicks.design import PLACE_SCALE, contrasts, design_of
from ml.clicks.fit import PRIOR_VARIANCE, fit_clicks
from ml.clicks.model import ALPHA, COLUMNS, rows_from
from ml.clicks.shrink import between_variance, beyond_noise, draw_together
from ml.errors import NotTrainable

ATTRIBUTES = ("brand", "colour", "fit")
LEVELS = {"brand": ("own", "known"), "colour": ("red", "blue", "green"), "fit": ("slim", "wide")}
PLANTED = {
    "a": {"brand": {"own": 0.8}, "colour": {"red": 0.5}},
    "b": {"brand": {"known": 0.8}, "colour": {"red": 0.5}},
}


def shown(
    lists: int, seed: int, planted: dict[str, dict[str, dict[str, float]]], *, place: float = -0.6, biased: bool = False
) -> pd.DataFrame:
    """Lists of eight items, five a person; segments a and b, and people in none. `biased` puts red ones first."""
    rng = np.random.default_rng(seed)
    view = np.repeat(np.arange(lists), 8)
    frame = pd.DataFrame({name: rng.choice(own, len(view)) for name, own in LEVELS.items()})
    order = rng.random(len(view)) - (0.7 * (frame["colour"] == "red").to_numpy() if biased else 0.0)
    frame = frame.iloc[np.lexsort((order, view))].reset_index(drop=True)
    position = np.tile(np.arange(1, 9), lists)
    segment = np.array(["a", "b", None], dtype=object)[(view // 5) % 3]
    odds = -1.0 + place * np.log(position) + rng.normal(0, 0.3, lists)[view // 5]
    for name, attributes in planted.items():
        for attribute, levels in attributes.items():
            effect = frame[attribute].map(levels).fillna(0.0).to_numpy()
            odds = odds + np.where(segment == name, effect, 0.0)
    clicked = rng.random(len(view)) < 1 / (1 + np.exp(-odds))
    people = np.char.add("c", (view // 5).astype(str))
    return frame.assign(list_view=view, customer_id=people, segment=segment, position=position, is_clicked=clicked)


@pytest.fixture(scope="module")
def planted() -> ClickModel:
    return train_clicks(shown(3_000, 1, PLANTED), ATTRIBUTES)


def effects(model: ClickModel, segment: str) -> pd.DataFrame:
    rows = pd.DataFrame(model.rows)
    return rows.loc[rows["segment"] == segment].set_index(["attribute", "level"])


def centred(levels: dict[str, float], names: tuple[str, ...]) -> dict[str, float]:
    mean = sum(levels.get(name, 0.0) for name in names) / len(names)
    return {name: levels.get(name, 0.0) - mean for name in names}


def test_planted_effects_are_found_in_their_segment(planted: ClickModel) -> None:
    within = []
    for segment in ("a", "b"):
        found = effects(planted, segment)
        truth = {
            (attribute, level): value
            for attribute, names in LEVELS.items()
            for level, value in centred(PLANTED[segment].get(attribute, {}), names).items()
        }
        strong = [key for key, value in truth.items() if abs(value) >= 0.3]
        assert all(np.sign(found.loc[key, "effect"]) == np.sign(truth[key]) for key in strong)
        assert found.loc[strong, "is_beyond_noise"].all()
        assert spearmanr([truth[key] for key in found.index], found["effect"]).statistic > 0.85
        assert found["attribute_rank"].droplevel("level")["brand"].eq(1).all()
        within += [found.loc[key, "low"] <= truth[key] <= found.loc[key, "high"] for key in found.index]
    assert np.mean(within) > 0.8
    assert not effects(planted, EVERYBODY).loc[("brand", "own"), "is_beyond_noise"]


def test_an_attribute_without_effect_is_said_to_have_none(planted: ClickModel) -> None:
    assert "no effect found beyond noise: fit" in planted.note
    assert "clicks follow colour, brand" in planted.note
    assert planted.metrics["model"]["click_auc"] > planted.metrics["position"]["click_auc"] > 0.55


def test_rows_survive_storage(planted: ClickModel) -> None:
    read = rows_from(planted.files())
    assert tuple(read.columns) == COLUMNS
    pd.testing.assert_frame_equal(read, pd.DataFrame(planted.rows)[list(COLUMNS)], check_exact=True)
    again = train_clicks(shown(3_000, 1, PLANTED), ATTRIBUTES)
    assert again.files() == planted.files()


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_clicks_tell_nothing(seed: int) -> None:
    frame = shown(800, seed, PLANTED)
    shuffled = np.random.default_rng(seed).permutation(frame["is_clicked"].to_numpy())
    model = train_clicks(frame.assign(is_clicked=shuffled), ATTRIBUTES)
    assert not any(row["is_beyond_noise"] for row in model.rows)
    assert model.note.startswith("no effect found beyond noise: ")


def test_the_pull_of_the_first_places_is_no_effect_of_what_stands_there() -> None:
    frame = shown(3_000, 4, {}, place=-1.2, biased=True)
    rates = frame.groupby("colour")["is_clicked"].mean()
    assert rates["red"] > 1.3 * rates[["blue", "green"]].mean()
    model = train_clicks(frame, ATTRIBUTES)
    assert not any(row["is_beyond_noise"] for row in model.rows)
    everybody = effects(model, EVERYBODY)
    assert abs(everybody.loc[("colour", "red"), "effect"]) < 0.1


def test_a_fit_is_the_penalised_maximum_and_its_errors_those_of_drawing_people_again() -> None:
    frame = shown(300, 7, PLANTED)
    design = design_of(frame, ATTRIBUTES)
    matrix, clicked = design.matrix(frame), frame["is_clicked"].to_numpy(dtype=float)
    people = pd.factorize(frame["customer_id"])[0]
    fit = fit_clicks(matrix, clicked, people)

    def loss(weights: np.ndarray, rows: np.ndarray) -> float:
        odds = weights[0] + matrix[rows] @ weights[1:]
        return float(
            np.sum(np.logaddexp(0, odds) - clicked[rows] * odds) + weights[1:] @ weights[1:] / 2 / PRIOR_VARIANCE
        )

    every = np.arange(len(matrix))
    best = minimize(loss, np.zeros(matrix.shape[1] + 1), args=(every,), method="BFGS").x
    np.testing.assert_allclose([fit.constant, *fit.weights], best, atol=2e-3)
    rng, drawn = np.random.default_rng(0), []
    by_person = [np.flatnonzero(people == who) for who in range(people.max() + 1)]
    for _ in range(100):
        rows = np.concatenate([by_person[who] for who in rng.integers(0, len(by_person), len(by_person))])
        drawn.append(fit_clicks(matrix[rows], clicked[rows], people[rows]).weights)
    ratio = np.sqrt(np.diag(fit.covariance)) / np.std(drawn, axis=0)
    assert 0.8 < np.median(ratio) < 1.25


def test_levels_sum_to_nothing_and_an_unknown_one_is_their_mean() -> None:
    frame = shown(200, 3, {})
    design = design_of(frame, ATTRIBUTES)
    blocks = design.blocks()
    one = pd.DataFrame(
        {"brand": ["own", None], "colour": ["never seen", "red"], "fit": ["slim", "wide"], "position": [1, 3]}
    )
    matrix = design.matrix(one)
    assert matrix.shape == (2, design.width)
    assert (matrix[1, blocks["brand"]] == 0).all()
    assert (matrix[0, blocks["colour"]] == 0).all()
    assert matrix[0, -7:].tolist() == [0.0] * 7
    assert matrix[1, -7:].tolist() == [0.0, PLACE_SCALE, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert (contrasts(4).sum(axis=0) == 0).all()


def test_segments_are_drawn_together_as_far_as_they_are_alike() -> None:
    rng = np.random.default_rng(5)
    error, levels = 0.2, 40
    alike = rng.normal(0.0, error, (6, levels))
    apart = alike + rng.normal(0.0, 0.5, (6, levels))
    variance = np.full((6, levels), error**2)
    assert between_variance(alike, variance) < 0.01
    assert between_variance(apart, variance) == pytest.approx(0.25, rel=0.35)
    far, near = draw_together(apart, variance), draw_together(alike, variance)
    assert np.abs(near.effect - alike.mean(axis=0)).mean() < 0.1 * np.abs(alike).mean()
    assert np.abs(far.effect - apart).mean() < 0.25 * np.abs(apart).mean()
    assert (far.variance < variance).all()
    lone = draw_together(apart[:1], variance[:1])
    np.testing.assert_allclose([lone.effect, lone.variance], [apart[:1], variance[:1]])


def test_beyond_noise_is_the_step_down_test_of_holm() -> None:
    z = norm.isf(np.array([0.004, 0.011, 0.03, 0.9]) / 2)
    # Bounds 0.05/4, 0.05/3, 0.05/2: the third fails, though alone it would pass.
    assert beyond_noise(z, np.ones(4), ALPHA).tolist() == [True, True, False, False]
    assert beyond_noise(-z[::-1], np.ones(4), ALPHA).tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (shown(20, 1, {}), r"clicks on items shown in lists: \d+; at least 200 are needed"),
        (shown(500, 1, {}).assign(customer_id="c1"), "people who were shown a list: 1; at least 50 are needed"),
        (shown(500, 1, {}).assign(is_clicked=True), "items shown and not clicked: 0; at least 200 are needed"),
        (shown(500, 1, {}).assign(brand="own", colour=None, fit=None), r"attributes: 0 of 3 \(brand, colour, fit\)"),
        (shown(20, 1, {}).iloc[:0], "clicks on items shown in lists: 0; at least 200 are needed"),
    ],
)
def test_too_little_is_refused_with_the_figure_and_the_bound(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(NotTrainable, match=message):
        train_clicks(frame, ATTRIBUTES)


def test_a_small_segment_and_a_lone_level_are_left_out_and_named() -> None:
    frame = shown(900, 2, {}).assign(fit="slim")
    frame.loc[frame["customer_id"].isin(["c0", "c3"]), "segment"] = "z"
    model = train_clicks(frame, ATTRIBUTES)
    assert "at least 100 of 30 are needed" in model.left_out["segment z"]
    assert "fit: no two levels" in model.note
    assert {row["segment"] for row in model.rows} == {EVERYBODY, "a", "b"}
    assert {row["attribute"] for row in model.rows} == {"brand", "colour"}
