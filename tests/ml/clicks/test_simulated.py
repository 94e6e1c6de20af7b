"""The simulated company's lists: what was planted for each taste is what the model finds for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from ml.clicks import ClickModel, train_clicks
from simulation.company import company_frames
from simulation.digital_layer import draw_layer
from simulation.lists import BRANDS, COLOURS, EFFECTS, FITS, PRICE_BANDS, TASTES, colour_of, fit_of, taste_of
from simulation.orders import index_orders

LEVELS = {"brand": BRANDS, "colour": COLOURS, "fit": FITS, "price_band": PRICE_BANDS}
CUSTOMERS, DAYS, SEED = 1_500, 150, 5


@pytest.fixture(scope="module")
def found() -> ClickModel:
    frames = company_frames(CUSTOMERS, DAYS, SEED)
    orders = index_orders(frames["transactions"], frames["products"])
    layer = draw_layer(orders, SEED)
    log = layer.lists
    codes = {
        "brand": orders.product_is_national[log.product],
        "colour": colour_of(orders)[log.product],
        "fit": fit_of(orders)[log.product],
        "price_band": log.price_band,
    }
    # Code -1, a price that nobody knows, is the last of the names.
    named = {name: np.array([*LEVELS[name], None], dtype=object)[code] for name, code in codes.items()}
    frame = pd.DataFrame(
        {
            "list_view": log.view,
            "customer_id": log.person,
            "segment": np.array(TASTES, dtype=object)[taste_of(layer.people, orders)[log.person]],
            "position": log.position,
            "is_clicked": log.clicked_us >= 0,
            "category": np.array(orders.departments)[orders.product_department[log.product]],
            **named,
        }
    )
    return train_clicks(frame, (*LEVELS, "category"))


def planted(taste: str) -> pd.Series:
    """Effects against the mean of each attribute's levels."""
    told = {
        (name, level): EFFECTS[taste].get(name, {}).get(level, 0.0) for name, own in LEVELS.items() for level in own
    }
    series = pd.Series(told)
    return series - series.groupby(level=0).transform("mean")


@pytest.mark.parametrize("taste", TASTES)
def test_each_taste_is_found(found: ClickModel, taste: str) -> None:
    rows = pd.DataFrame(found.rows).query("segment == @taste and attribute != 'category'")
    told, truth = rows.set_index(["attribute", "level"]), planted(taste)
    truth = truth.reindex(told.index)
    assert spearmanr(truth, told["effect"]).statistic > 0.75
    strong = truth.abs() >= 0.3
    assert (np.sign(truth[strong]) == np.sign(told.loc[strong, "effect"])).all()
    assert (told["low"].le(truth) & told["high"].ge(truth)).mean() >= 0.75
    sure = told["is_beyond_noise"]
    assert sure.sum() >= 3
    assert (np.sign(truth[sure]) == np.sign(told.loc[sure, "effect"])).all()


def test_the_attribute_that_matters_most_comes_first(found: ClickModel) -> None:
    rows = pd.DataFrame(found.rows)
    first = rows.loc[rows["attribute_rank"] == 1].groupby("segment")["attribute"].first()
    spread = {taste: planted(taste).groupby(level=0).std() for taste in TASTES}
    assert first["modest"] == spread["modest"].idxmax() == "price_band"
    assert first["lavish"] == spread["lavish"].idxmax() == "brand"


def test_the_department_that_counts_nothing_is_said_to_count_nothing(found: ClickModel) -> None:
    assert "no effect found beyond noise: category" in found.note
