"""Price sensitivity against planted shares, scikit-learn's least squares, and shops without discounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LinearRegression

from ml.errors import NotTrainable
from ml.outlook import PriceModel, train_price
from ml.outlook.price import PRIOR_LINES, price_columns, segment_shares

JUDGE = pd.Timestamp("2017-07-04")


def shop(customers: int = 300, seed: int = 7) -> pd.DataFrame:
    """Every customer has a share of discounted lines of their own; many have bought next to nothing so far."""
    random = np.random.default_rng(seed)
    truth = random.beta(4, 6, customers)
    parts = []
    for cutoff in ("2017-04-04", "2017-07-04"):
        lines = random.geometric(0.05, customers).astype(float)
        later, before = random.poisson(30, customers), random.poisson(8, customers)
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": [f"c{i}" for i in range(customers)],
                    "as_of": pd.Timestamp(cutoff),
                    "segment": random.integers(0, 2, customers),
                    "n_lines": lines,
                    "cut_lines": random.binomial(lines.astype(int), truth).astype(float),
                    "usual_lines": lines * 0.4,
                    "timed_lines": lines * 0.4,
                    "discount_share": truth * 0.2,
                    "later_lines": later.astype(float),
                    "later_cut_lines": random.binomial(later, truth).astype(float),
                    "previous_lines": before.astype(float),
                    "previous_cut_lines": random.binomial(before, truth).astype(float),
                    "truth": truth,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_the_planted_order_is_found_better_than_by_the_own_share() -> None:
    frame = shop()
    model = train_price(frame, judge=JUDGE, horizon_days=91)
    now = frame.loc[frame["as_of"] == JUDGE]
    found = model.predict(now)
    own = now["cut_lines"] / now["n_lines"]
    assert spearmanr(found["price_sensitivity"], now["truth"]).statistic > spearmanr(own, now["truth"]).statistic
    assert model.metrics["model"]["spearman"] > model.metrics["previous_period"]["spearman"]
    assert model.metrics["model"]["seeker_brier"] < model.metrics["everyone"]["seeker_brier"]


def test_weights_are_those_of_weighted_least_squares() -> None:
    frame = shop()
    model = train_price(frame, judge=JUDGE, horizon_days=91)
    taught = frame.loc[frame["later_lines"] >= 5]
    columns = price_columns(taught, segment_shares(taught))
    label = taught["later_cut_lines"] / taught["later_lines"]
    fitted = LinearRegression().fit(columns, label, sample_weight=taught["later_lines"].clip(upper=100))
    guess = np.clip(fitted.predict(columns), 0, 1)
    np.testing.assert_allclose(model.predict(taught)["price_sensitivity"], guess, atol=1e-6)


def test_few_lines_stand_near_the_segment_and_say_so() -> None:
    model = PriceModel.from_files(train_price(shop(), judge=JUDGE, horizon_days=91).files())
    asked = shop().iloc[:2].assign(n_lines=[0.0, 2.0], cut_lines=[0.0, 2.0], segment=pd.array([1, None], dtype="Int64"))
    asked = asked.assign(usual_lines=0.0, timed_lines=0.0, discount_share=float("nan"))
    found = model.predict(asked)
    assert list(found["basis"]) == ["segment", "everyone"]
    assert np.isfinite(found[["price_sensitivity", "deal_seeker_probability"]].to_numpy()).all()
    own = price_columns(asked, model.segments)[:, 0]
    assert own[0] == pytest.approx(model.segments["1"])
    assert own[1] == pytest.approx((2 + PRIOR_LINES * model.segments["everyone"]) / (2 + PRIOR_LINES))


@pytest.mark.parametrize("cut", [0.0, 1.0])
def test_a_shop_where_nothing_or_everything_is_discounted_is_told_so(cut: float) -> None:
    frame = shop()
    with pytest.raises(NotTrainable, match="discounts: "):
        train_price(frame.assign(cut_lines=frame["n_lines"] * cut), judge=JUDGE, horizon_days=91)
