"""Randomised offers with planted effects: bargain hunters answer to the discount, nobody else does."""

from __future__ import annotations

import numpy as np
import pandas as pd

ARMS = ("none", "ten_off", "gift")
SHARES = (0.5, 0.25, 0.25)
FEATURES = ("hunger", "basket", "noise")


def offers(
    rows: int = 2_400, *, seed: int = 3, effect: float = 0.45, shares: tuple[float, ...] = SHARES
) -> pd.DataFrame:
    """A log in order of time; `effect` is what ten_off adds to the chance of those with hunger above 0."""
    random = np.random.default_rng(seed)
    customer = random.integers(0, rows // 3, rows)
    traits = random.normal(size=(rows // 3, 3))[customer]
    arm = random.choice(len(ARMS), rows, p=shares)
    chance = 0.25 + effect * ((arm == 1) & (traits[:, 0] > 0))
    converted = random.random(rows) < chance
    margin = np.where(converted, 10.0 - 4.0 * (arm == 1) - 1.0 * (arm == 2) + random.normal(0, 1, rows), 0.0)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in customer],
            "arm": np.asarray(ARMS, dtype=object)[arm],
            "propensity": np.asarray(shares)[arm],
            "is_converted": converted,
            "margin_amount": margin,
            **{name: traits[:, place] for place, name in enumerate(FEATURES)},
        }
    )
