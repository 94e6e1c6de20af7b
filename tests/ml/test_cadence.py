"""The learned horizon, by hand."""

from __future__ import annotations

import pytest

from ml.cadence import learned_horizon
from ml.monotone import activity_signs


@pytest.mark.parametrize(
    ("gaps", "longer", "days"),
    [
        (0, (0, 0, 0), 91),
        (1_000, (100, 50, 0), 91),
        (1_000, (101, 100, 0), 182),
        (1_000, (500, 300, 90), 364),
        (1_000, (900, 800, 700), 364),
    ],
    ids=["nobody came back", "a tenth is longer", "a few more are", "slow", "slower than a year"],
)
def test_at_most_a_tenth_of_the_gaps_is_longer(gaps: int, longer: tuple[int, ...], days: int) -> None:
    assert learned_horizon(gaps, longer) == days


def test_signs_of_activity_and_silence() -> None:
    names = (
        "recency_days",
        "orders_30d",
        "spend_91d",
        "orders_lifetime",
        "tenure_days",
        "order_days_365d",
        "orders_30d_x",
    )
    assert activity_signs(names, rises=True) == (-1, 1, 1, 0, 0, 1, 0)
    assert activity_signs(names, rises=False) == (1, -1, -1, 0, 0, -1, 0)
