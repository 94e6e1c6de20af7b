"""Figures of an experiment as a marketer reads them."""

from __future__ import annotations

from orchestration.experiments.comparisons import Compared
from orchestration.experiments.metric_registry import Metric


def figure(value: float | None, metric: Metric, currency: str) -> str:
    """A mean, share or ratio in its unit."""
    if value is None:
        return "-"
    if metric.unit == "share":
        return f"{value:.2%}"
    if metric.unit == "money":
        return f"{value:,.2f} {currency}"
    return f"{value:,.1f} s" if metric.unit == "seconds" else f"{value:,.2f}"


def lift(one: Compared) -> str:
    """The relative lift with its interval; the difference where nothing can be said relative to the plain arm."""
    told = one.estimate.comparison
    if told is None:
        return f"not told: {one.estimate.refused}"
    if told.relative is None:
        interval = told.absolute.interval
        return f"{told.absolute.estimate:+.4g} ({interval.low:+.4g} to {interval.high:+.4g})"
    interval = told.relative.interval
    return f"{told.relative.estimate:+.1%} ({interval.low:+.1%} to {interval.high:+.1%})"


def chance(p: float | None) -> str:
    """A p-value, not below what it can be told to."""
    return "-" if p is None else "< 0.0001" if p < 1e-4 else f"{p:.4f}"
