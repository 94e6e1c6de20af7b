"""Micro-segments against a row-by-row reading of their definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.segments.micro import MicroBands, micro_segments


def people(rows: int = 200) -> pd.DataFrame:
    random = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:03d}" for number in range(rows)],
            "persona_id": random.integers(-1, 3, rows),
            "churn_probability": np.where(random.random(rows) < 0.1, np.nan, random.random(rows)),
            "ltv_amount": np.where(random.random(rows) < 0.1, np.nan, random.lognormal(3, 1, rows)),
            "cart_adds_7d": random.poisson(0.2, rows),
            "product_views_7d": random.poisson(0.5, rows),
            "sessions_7d": random.poisson(0.5, rows),
        }
    )


def read(row: dict[str, float], medium: float, high: float) -> str:
    def band(value: float, low: float, top: float) -> str:
        return "unknown" if np.isnan(value) else "high" if value >= top else "medium" if value >= low else "low"

    seen = row["product_views_7d"] > 0 or row["sessions_7d"] > 0
    intent = "hot" if row["cart_adds_7d"] > 0 else "warm" if seen else "cold"
    churn, value = band(row["churn_probability"], 0.2, 0.5), band(row["ltv_amount"], medium, high)
    return f"{int(row['persona_id'])}/churn {churn}/value {value}/intent {intent}"


def test_it_is_what_the_definition_says() -> None:
    frame = people()
    medium, high = frame.loc[frame["persona_id"] >= 0, "ltv_amount"].quantile([1 / 3, 2 / 3])
    found = micro_segments(frame, floor=5).set_index("customer_id")
    expected = {
        row["customer_id"]: read(row, medium, high) for row in frame.to_dict("records") if row["persona_id"] >= 0
    }
    assert found["micro_segment"].to_dict() == expected
    sizes = pd.Series(expected).value_counts()
    assert found["customers"].to_dict() == {who: int(sizes[name]) for who, name in expected.items()}
    assert found["is_large"].to_dict() == {who: bool(sizes[name] >= 5) for who, name in expected.items()}


def test_unscored_shops_and_nobody_are_no_obstacle() -> None:
    frame = people().assign(churn_probability=np.nan, ltv_amount=None)
    assert set(micro_segments(frame, 1)["value_band"]) == set(micro_segments(frame, 1)["churn_band"]) == {"unknown"}
    assert micro_segments(people().head(0), 1).empty
    assert micro_segments(people().assign(persona_id=-1), 1).empty


def test_bands_out_of_order_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"churn_medium, churn_high: 0\.6 and 0\.5; 0 < medium < high < 1"):
        MicroBands(churn_medium=0.6)
    with pytest.raises(ValueError, match="floor: 0"):
        micro_segments(people(), 0)
