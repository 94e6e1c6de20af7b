"""The picture of the ledger is a PNG, the same for the same numbers, and exists before there are any."""

from __future__ import annotations

import pandas as pd

from ml.identity_picture import identity_figure

RATES = pd.DataFrame(
    {
        "source": ["web", "web", "till"],
        "event_date": ["2017-01-01", "2017-01-02", "2017-01-01"],
        "match_rate": [0.8, 0.9, 1],
    }
)
PNG = b"\x89PNG"


def test_same_numbers_same_bytes_whatever_the_order() -> None:
    sizes = {"1": 40.0, "2-3": 90.0, "4-10": 200.0, "11+": 0.0}
    first = identity_figure(sizes, RATES)
    assert first.startswith(PNG)
    assert identity_figure(sizes, RATES.iloc[::-1]) == first
    assert identity_figure({**sizes, "1": 41.0}, RATES) != first


def test_before_the_first_profile_there_is_an_empty_picture() -> None:
    assert identity_figure({}, RATES.head(0)).startswith(PNG)
