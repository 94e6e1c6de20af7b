"""Trials compare versions row by row with the very figures of the card; a stored twin answers as it did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.champion import paired
from ml.outlook import train_next_category, train_next_purchase, train_price
from ml.segments import SEGMENT_COLUMNS, fit_segments
from orchestration.assets.training import NamedSegments
from orchestration.champions.evidence import evidence_for
from orchestration.champions.trials import TRIALS, trial_for
from tests.ml.outlook.test_next_category import shop as category_shop
from tests.ml.outlook.test_next_purchase import HORIZON as WINDOW_DAYS
from tests.ml.outlook.test_next_purchase import JUDGE as WINDOW_JUDGE
from tests.ml.outlook.test_next_purchase import shop as window_shop
from tests.ml.outlook.test_price import shop as price_shop


def figures(name: str, model: Any) -> dict[str, float]:
    """Each measure of the trial, of the twin against itself after a round trip through its files."""
    trial = trial_for(name, model, None)
    assert trial is not None
    again = trial.rescore(model.twin.model.files())
    assert np.array_equal(again, trial.guess, equal_nan=True)
    return {gain.measure: gain.challenger for gain in paired(trial, again, seed=1).overall}


def test_windows() -> None:
    model = train_next_purchase(window_shop(), judge=WINDOW_JUDGE, horizon_days=WINDOW_DAYS)
    own = model.metrics["model"]
    assert figures("next_purchase", model) == pytest.approx(
        {"interval score": own["interval_score"], "Brier of none": own["none_brier"]}, abs=1e-6
    )
    row = model.predict(window_shop().iloc[[7]])
    assert row.equals(model.predict(window_shop()).iloc[[7]])


def test_prices() -> None:
    frame = price_shop()
    model = train_price(frame, judge=frame["as_of"].max(), horizon_days=28)
    own = model.metrics["model"]
    assert figures("price", model) == pytest.approx(
        {"absolute error of the share": own["absolute_error"], "Brier of seekers": own["seeker_brier"]}
    )


def test_categories() -> None:
    history = category_shop()
    model = train_next_category(history, judge=history.customers["as_of"].max(), horizon_days=28)
    own, found = model.metrics["model"], figures("next_category", model)
    # The card leaves out who bought a category that the model does not know; there is none here.
    assert found == pytest.approx({"top-3 hits": own["top_3"], "top-1 hits": own["top_1"]}, abs=1e-6)


def test_segments_are_compared_in_the_new_versions_space() -> None:
    random = np.random.default_rng(1)
    buyers = pd.DataFrame(random.gamma(1.0, 30.0, (240, 3)), columns=list(SEGMENT_COLUMNS))
    buyers["customer_id"] = [f"c{place:03d}" for place in range(len(buyers))]
    model = fit_segments(buyers, SEGMENT_COLUMNS, k_min=3, k_max=3, seed=1)
    named = NamedSegments(model, {}, buyers)
    assert figures("segments", named)["silhouette"] == pytest.approx(model.chosen.silhouette, abs=0.05)
    shown = evidence_for("segments", named, {}, seed=1).evidence["baselines"]
    assert [row[0] for row in shown["rows"]] == ["model"]


def test_every_kind_has_its_pictures_or_none_and_needs_a_twin() -> None:
    assert set(TRIALS) == {
        "churn", "value", "next_purchase", "next_category", "price", "recommendations", "segments"
    }  # fmt: skip
    for name in TRIALS:
        assert trial_for(name, object(), None) is None
        assert evidence_for(name, object(), {}, seed=1).evidence == {}
