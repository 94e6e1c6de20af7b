"""Sums from rows against pandas, and what a frame must not hold."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
import pytest

from ml.experiments import frames
from ml.experiments.difference import compare
from ml.experiments.means import Mean
from tests.ml.experiments.oracles import FOLDER, recorded


def units(n: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "arm": random.choice(["plain", "bold"], n),
            "revenue": random.gamma(1, 20, n) * (random.random(n) < 0.3),
            "orders": random.poisson(1, n),
            "revenue_before": random.gamma(1, 20, n),
            "orders_before": random.poisson(1, n) + 1,
            "is_bought": random.random(n) < 0.4,
        }
    )


def test_sums_are_those_of_the_rows() -> None:
    frame = units()
    for arm, rows in frame.groupby("arm"):
        found = frames.means(frame, "revenue")[str(arm)]
        assert found.mean == pytest.approx(rows["revenue"].mean(), rel=1e-12)
        assert found.variance == pytest.approx(rows["revenue"].var(), rel=1e-10)
        share = frames.proportions(frame, "is_bought")[str(arm)]
        assert (share.n, share.successes) == (len(rows), rows["is_bought"].sum())
        ratio = frames.ratios(frame, "revenue", "orders")[str(arm)]
        residual = (rows["revenue"] - ratio.mean * rows["orders"]) / rows["orders"].mean()
        assert ratio.mean == pytest.approx(rows["revenue"].sum() / rows["orders"].sum(), rel=1e-12)
        assert ratio.variance == pytest.approx(residual.var(), rel=1e-9)
        both = frames.adjusted(frame, "revenue", "revenue_before")[str(arm)].moments
        assert both.covariance == pytest.approx(rows["revenue"].cov(rows["revenue_before"]), rel=1e-9)
        linear = frames.adjusted_ratios(frame, "revenue", "orders", "revenue_before", "orders_before")[str(arm)].moments
        before = rows["revenue_before"].sum() / rows["orders_before"].sum()
        other = (rows["revenue_before"] - before * rows["orders_before"]) / rows["orders_before"].mean()
        assert linear.covariance == pytest.approx(residual.cov(other), rel=1e-8)


FROM_ROWS = {
    "sessions": (frames.means, "sessions"),
    "revenue": (frames.means, "revenue"),
    "orders_per_session": (frames.ratios, "orders", "sessions"),
    "aov": (frames.ratios, "revenue", "orders"),
    "revenue_cuped": (frames.adjusted, "revenue", "revenue_covariate"),
    "orders_per_session_cuped": (
        frames.adjusted_ratios, "orders", "sessions", "orders_covariate", "sessions_covariate",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_ROWS)
def test_rows_of_four_thousand_people_come_to_what_tea_tasting_says(name: str) -> None:
    people = pd.read_csv(FOLDER / "tea_users_42.csv.gz").rename(columns={"variant": "arm"})
    make, *columns = FROM_ROWS[name]
    arms = make(people, *columns)
    found, theirs = compare(arms["0"], arms["1"], base="adjusted"), recorded("tea_tasting")["results"][name]
    assert (found.n_control, found.n_treatment) == (2023, 1977)
    ours = (found.control, found.treatment, *found.absolute.interval, found.absolute.p_value)
    keys = ("control", "treatment", "effect_size_ci_lower", "effect_size_ci_upper", "pvalue")
    assert ours == pytest.approx([theirs[key] for key in keys], rel=1e-9)


def test_order_and_cuts_of_the_frame_do_not_matter() -> None:
    frame = units().assign(revenue=lambda t: t["revenue"].round())
    shuffled = frames.means(frame.sample(frac=1, random_state=1), "revenue")
    first, second = frames.means(frame.iloc[:150], "revenue"), frames.means(frame.iloc[150:], "revenue")
    assert {arm: first[arm] + second[arm] for arm in first} == shuffled == frames.means(frame, "revenue")


def test_clusters_are_the_units() -> None:
    """Rows of a person are alike: taken for units they promise an interval that is too narrow."""
    random = np.random.default_rng(11)
    people = random.integers(1, 15, 600)
    person = np.repeat(np.arange(600), people)
    own = random.normal(0, 1, 600)[person]
    frame = pd.DataFrame({"person": person, "value": 10 + own + random.normal(0, 0.2, len(person))})
    frame["arm"] = np.where(frame["person"] % 2, "a", "b")
    found = frames.clustered(frame, "person", "value")
    assert found["a"].n == frame.loc[frame["arm"] == "a", "person"].nunique()
    assert found["a"].mean == pytest.approx(frame.loc[frame["arm"] == "a", "value"].mean(), rel=1e-12)
    sums = frame[frame["arm"] == "a"].groupby("person")["value"].agg(["sum", "count"]).to_numpy()
    drawn = sums[random.integers(0, len(sums), (1000, len(sums)))].sum(axis=1)
    means = drawn[:, 0] / drawn[:, 1]
    assert sqrt(found["a"].variance / found["a"].n) == pytest.approx(np.std(means), rel=0.1)
    as_units = compare(*(frames.means(frame, "value")[arm] for arm in "ab")).absolute.standard_error
    assert compare(found["a"], found["b"]).absolute.standard_error > 2 * as_units


def test_clusters_with_a_denominator_are_ratios_of_their_sums() -> None:
    frame = pd.DataFrame({"arm": ["a"] * 4, "person": [1, 1, 2, 3], "paid": [1.0, 2, 3, 4], "visits": [1.0, 1, 2, 1]})
    found = frames.clustered(frame, "person", "paid", "visits")["a"]
    assert frames.clustered(frame.astype({"paid": str}), "person", "paid", "visits")["a"] == found
    assert found == frames.ratios(pd.DataFrame({"arm": ["a"] * 3, "x": [3.0, 3, 4], "y": [2.0, 2, 1]}), "x", "y")["a"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"revenue": [1.0, None, 2.0]}, "revenue: nan in 1 of 3 rows"),
        ({"revenue": [1.0, float("inf"), 2.0]}, "revenue: inf in 1 of 3 rows"),
        ({"revenue": ["1", "two", "3"]}, "revenue: two in 1 of 3 rows"),
        ({"arm": ["a", None, "b"]}, "arm: null in 1 rows"),
    ],
)
def test_bad_rows_are_named(change: dict[str, list[object]], said: str) -> None:
    frame = pd.DataFrame({"arm": ["a", "a", "b"], "revenue": [1.0, 2.0, 3.0], **change})
    with pytest.raises(ValueError, match=said):
        frames.means(frame, "revenue")


def test_columns_shares_and_clusters_are_checked() -> None:
    frame = pd.DataFrame({"arm": ["a", "a", "b"], "revenue": [1.0, 2.0, 3.0], "person": [1, 2, 1]})
    with pytest.raises(ValueError, match="margin: not a column"):
        frames.means(frame, "margin")
    with pytest.raises(ValueError, match=r"revenue: 2 in 1 rows of arm 'a'; 0 or 1"):
        frames.proportions(frame, "revenue")
    with pytest.raises(ValueError, match="person: 1 clusters with rows in two arms"):
        frames.clustered(frame, "person", "revenue")
    with pytest.raises(ValueError, match="person: null in 1 rows"):
        frames.clustered(frame.assign(person=[1, None, 2]), "person", "revenue")


def test_arms_may_be_numbers_and_one_unit_is_no_error_yet() -> None:
    found = frames.means(pd.DataFrame({"arm": [0, 1, 1], "x": [5, 1, 2]}), "x")
    assert found == {"0": Mean(1, 5.0, 25.0), "1": Mean(2, 3.0, 5.0)}
    assert frames.means(pd.DataFrame({"arm": [], "x": []}), "x") == {}
