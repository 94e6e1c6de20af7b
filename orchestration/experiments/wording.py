"""Figures of an experiment as a marketer reads them."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.experiments.comparisons import Compared
from orchestration.experiments.estimates import Estimate
from orchestration.experiments.exploring import BEST, EXPLORED, Aftermath
from orchestration.experiments.metric_registry import Metric

AFTERMATH = ("after the first exposure", "people", EXPLORED, BEST, "change (95 %)", "p corrected")


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
    return change(one.estimate)


def change(estimate: Estimate) -> str:
    """The same of an estimate."""
    told = estimate.comparison
    if told is None:
        return f"not told: {estimate.refused}"
    if told.relative is None:
        interval = told.absolute.interval
        return f"{told.absolute.estimate:+.4g} ({interval.low:+.4g} to {interval.high:+.4g})"
    interval = told.relative.interval
    return f"{told.relative.estimate:+.1%} ({interval.low:+.1%} to {interval.high:+.1%})"


def aftermath_rows(found: Sequence[Aftermath], currency: str) -> list[tuple[str, ...]]:
    """Rows of `AFTERMATH`: figure, units of both groups, both figures, the change, and p corrected for all of them."""
    rows: list[tuple[str, ...]] = []
    for one in found:
        told, metric = one.estimate.comparison, one.estimate.metric
        units, both = "-", ("-", "-")
        if told is not None:
            units = f"{told.absolute.n:,}"
            both = figure(told.treatment, metric, currency), figure(told.control, metric, currency)
        said = change(one.estimate).removeprefix("not told: ")
        rows.append((f"{metric.label} ({one.aspect})", units, *both, said, chance(one.p_adjusted)))
    return rows


def chance(p: float | None) -> str:
    """A p-value, not below what it can be told to."""
    return "-" if p is None else "< 0.0001" if p < 1e-4 else f"{p:.4f}"
