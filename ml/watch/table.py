"""Counts by day and value as an array."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


def day_table(rows: pd.DataFrame, *, least: int) -> tuple[list[date], list[str], Floats]:
    """Days in order, values in order, and a row of counts a day; days with fewer than `least` events left out.

    Args:
        rows: event_date, value, events; more than one row a day and value add up.
        least: events of a day.
    """
    if rows.empty:
        return [], [], np.zeros((0, 0))
    day_codes, days = pd.factorize(rows["event_date"], sort=True)
    value_codes, values = pd.factorize(rows["value"].astype(str), sort=True)
    counts = np.zeros((len(days), len(values)))
    np.add.at(counts, (day_codes, value_codes), rows["events"].to_numpy(dtype=np.float64))
    enough = counts.sum(axis=1) >= least
    return [day for day, kept in zip(days, enough, strict=True) if kept], [str(v) for v in values], counts[enough]
