"""One picture of the identity ledger: how large profiles are, and how many events find theirs."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def identity_figure(sizes: Mapping[str, float], rates: pd.DataFrame) -> bytes:
    """PNG: profiles by number of identifiers (logarithmic) beside the match rate of each source by day.

    Same numbers, same bytes. A panel without numbers stays empty.

    Args:
        sizes: profiles by size class, in the order of drawing.
        rates: source, event_date, match_rate (0-1).
    """
    figure = Figure(figsize=(11, 3.2), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=[1, 2])
    bars = left.bar(list(sizes), list(sizes.values()), color="#4c72b0")
    left.bar_label(bars, labels=[f"{number:,.0f}" for number in sizes.values()], fontsize=8)
    if any(sizes.values()):
        left.set_yscale("log")
    left.set_xlabel("identifiers in a profile")
    left.set_ylabel("profiles")
    for source, rows in rates.groupby("source", sort=True):
        days = rows.sort_values("event_date")
        right.plot(pd.to_datetime(days["event_date"]), 100 * days["match_rate"].astype(float), label=str(source))
    right.set_ylabel("match rate, %")
    right.set_ylim(0, 105)
    right.tick_params(axis="x", labelrotation=30, labelsize=8)
    if len(rates):
        right.legend(fontsize=7, loc="lower left", ncols=2)
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()
