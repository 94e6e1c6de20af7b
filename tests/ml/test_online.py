"""Online scoring equals the batch, in numpy alone."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import yeojohnson

from ml import online, preprocess
from ml.online import OnlineSegments, yeo_johnson
from ml.segments import SegmentModel, fit_segments
from tests.ml.segments.shops import COLUMNS, shop


@pytest.fixture(scope="module")
def model() -> SegmentModel:
    return fit_segments(shop().assign(flat=1.0), (*COLUMNS, "flat"), k_min=3, k_max=3, seed=7)


@settings(deadline=None)
@given(st.floats(-1e4, 1e4), st.sampled_from([-2.0, -0.5, 0.0, 0.3, 1.0, 1.7, 2.0]))
def test_the_transform_equals_scipy(value: float, power: float) -> None:
    ours = yeo_johnson(np.array([value]), np.array([power]))
    np.testing.assert_allclose(ours, yeojohnson(np.array([value]), lmbda=power), rtol=1e-9, atol=1e-12)


def test_one_customer_online_is_the_customer_in_the_batch(model: SegmentModel) -> None:
    features = shop().assign(flat=1.0)
    assert any(column.floor for column in model.preprocessor.columns)
    features.loc[::5, "recency_days"] = np.nan
    batch = model.assign(features)["segment_id"].tolist()
    live = OnlineSegments.from_files(model.files())
    rows = features[[*COLUMNS, "flat"]].to_dict("records")
    assert [live.segment(row) for row in rows] == batch


def test_what_is_unknown_or_absurd_still_has_a_segment(model: SegmentModel) -> None:
    live = OnlineSegments.from_files(model.files())
    assert (
        live.segment({})
        == model.assign(pd.DataFrame({"customer_id": ["x"], **dict.fromkeys(live.names, np.nan)}))["segment_id"].iloc[0]
    )
    assert live.segment({"spend_91d": float("inf"), "orders_91d": 1e300, "recency_days": None}) in model.ids


def test_the_clip_is_the_fitted_one() -> None:
    assert online.CLIP == preprocess.CLIP


def test_a_server_loads_nothing_heavy_for_it() -> None:
    code = "import sys, ml.online; print(sorted({'sklearn', 'pandas', 'lightgbm', 'scipy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
