"""Fitted once, row by row, finite, and through JSON unchanged."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import skew
from sklearn.preprocessing import PowerTransformer

from ml.errors import NotTrainable
from ml.preprocess import CLIP, Preprocessor, numbers


def frame(rows: int = 200) -> pd.DataFrame:
    random = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "spend": random.lognormal(3, 1, rows),
            "orders": random.poisson(4, rows).astype(float),
            "constant": 7.0,
            "gap": np.where(random.random(rows) < 0.3, np.nan, random.exponential(9, rows)),
        }
    )


def test_yeo_johnson_agrees_with_scikit_learn_within_the_clip() -> None:
    data = frame()[["spend", "orders"]]
    ours = Preprocessor.fit(data, ["spend", "orders"]).transform(data)
    theirs = PowerTransformer(method="yeo-johnson").fit_transform(data.to_numpy())
    np.testing.assert_allclose(ours, np.clip(theirs, -CLIP, CLIP), atol=0.02)


def test_the_log_is_numpys_and_values_below_a_floor_are_the_floor() -> None:
    data = frame()[["spend"]]
    logs = np.log1p(np.maximum(data["spend"].to_numpy(), 20.0))
    expected = (logs - logs.mean()) / logs.std()
    fitted = Preprocessor.fit(data, ["spend"], transform="log", floors={"spend": 20.0})
    np.testing.assert_allclose(fitted.transform(data)[:, 0], np.clip(expected, -CLIP, CLIP))
    assert Preprocessor.from_json(fitted.to_json()) == fitted


def test_spend_loses_its_skew() -> None:
    data = frame()
    assert abs(skew(Preprocessor.fit(data, ["spend"]).transform(data)[:, 0])) < 0.3 < skew(data["spend"])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 199))
def test_a_row_alone_equals_the_row_in_the_batch(row: int) -> None:
    data = frame()
    fitted = Preprocessor.fit(data, list(data.columns))
    np.testing.assert_array_equal(fitted.transform(data.iloc[[row]])[0], fitted.transform(data)[row])


def test_json_keeps_every_digit() -> None:
    data = frame()
    fitted = Preprocessor.fit(data, list(data.columns))
    assert Preprocessor.from_json(fitted.to_json()) == fitted


def test_extremes_nulls_and_infinities_stay_finite() -> None:
    fitted = Preprocessor.fit(frame(), ["spend", "gap", "constant"])
    wild = pd.DataFrame({"spend": [1e300, np.nan, -1e9], "gap": [np.inf, None, -np.inf], "constant": [1.0, 1e9, None]})
    result = fitted.transform(wild)
    assert np.isfinite(result).all()
    assert np.abs(result).max() <= CLIP
    assert (result[:, 2] == 0).all()


def test_decimals_booleans_and_nullable_integers_are_numbers() -> None:
    data = pd.DataFrame(
        {"money": [Decimal("1.25"), None], "flag": [True, False], "count": pd.array([1, None], dtype="Int64")}
    )
    np.testing.assert_array_equal(numbers(data, ["money", "flag", "count"]), [[1.25, 1, 1], [np.nan, 0, np.nan]])


def test_unusable_columns_are_named() -> None:
    with pytest.raises(ValueError, match=r"features.spend: the column is missing"):
        numbers(pd.DataFrame({"a": [1]}), ["spend"])
    with pytest.raises(ValueError, match=r"features.a: .* does not read as a number"):
        numbers(pd.DataFrame({"a": ["x"]}), ["a"])


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(NotTrainable, match="0 rows"):
        Preprocessor.fit(frame(0), ["spend"])
    with pytest.raises(NotTrainable, match="none of the 1 columns varies"):
        Preprocessor.fit(frame(), ["constant"])
