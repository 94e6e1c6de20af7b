"""Hourly rows for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from ml.bandit import BanditSettings, allocate

AS_OF = datetime(2026, 3, 30, 6, tzinfo=UTC)
NO_DELAY = pd.DataFrame({"experiment": [], "delay_hour": [], "conversions": []})
QUICK = BanditSettings(draws=400, least_units=50, least_conversions=10)


def arms(*names: str, **columns: object) -> pd.DataFrame:
    """The registry's arms of experiment `hero`."""
    return pd.DataFrame({"experiment": "hero", "experiment_version": 1, "arm": names, **columns})


def row(arm: str, exposures: int, conversions: int, age: int = 1, **other: object) -> dict[str, object]:
    """One hour of an arm; every conversion brings 10 with a spread of 5 unless told otherwise."""
    return {
        "experiment": "hero",
        "experiment_version": 1,
        "segment_id": 0,
        "context_bucket": "any",
        "arm": arm,
        "hour": AS_OF - timedelta(hours=age),
        "exposures": exposures,
        "conversions": conversions,
        "clicks": 0,
        "complaints": 0,
        "returns": 0,
        "revenue_micros": conversions * 20_000_000,
        "margin_micros": conversions * 10_000_000,
        "margin_cents_squared": conversions * 1_250_000,
        "cost_micros": 0,
        "ltv_change_micros": 0,
        **other,
    }


def history(rates: dict[str, float], hours: int = 48, exposures: int = 100, seed: int = 1) -> pd.DataFrame:
    """Rows of several arms in two segments and two contexts, conversions by chance."""
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            row(arm, exposures, int(draw.binomial(exposures, rate)), age, segment_id=segment, context_bucket=context)
            for arm, rate in rates.items()
            for age in range(1, hours + 1)
            for segment in (0, 1)
            for context in ("app", "web")
        ]
    )


def shares(
    found: pd.DataFrame, segment: int = -1, context: str = "any", column: str = "probability"
) -> dict[str, float]:
    """Probability (or weight) by arm in one cell."""
    cell = found[(found["segment_id"] == segment) & (found["context_bucket"] == context)]
    return dict(zip(cell["arm"], cell[column], strict=True))


def allocated(stats: pd.DataFrame, *names: str, settings: BanditSettings = QUICK, **columns: object) -> pd.DataFrame:
    """Shares for the arms of `hero`."""
    return allocate(stats, NO_DELAY, arms(*names, **columns), settings, AS_OF)
