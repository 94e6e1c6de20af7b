"""Arms of an experiment against the plain one, a metric at a time, from the rows of its units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml.experiments import frames
from ml.experiments.difference import Comparison, compare
from ml.experiments.effect import Effect
from ml.experiments.winsor import caps, winsorised
from orchestration.experiments.metric_registry import Metric

# Below these a normal interval of a rare event or a skewed sum is not to be believed.
LEAST_UNITS = 30
LEAST_EVENTS = 5


@dataclass(frozen=True)
class Estimate:
    """One arm against the plain arm on one metric.

    Attributes:
        comparison: what the difference is, with its interval; None where it cannot be told.
        method: how it was computed, in words.
        refused: why it cannot be told; empty otherwise.
        notes: what was assumed or done to the values on the way.
        plain, treatment: the statistics behind it, for sequences.
    """

    metric: Metric
    arm: str
    comparison: Comparison | None
    method: str
    refused: str = ""
    notes: tuple[str, ...] = ()
    plain: Any = None
    treatment: Any = None

    @property
    def effect(self) -> Effect | None:
        """The absolute difference, if it can be told."""
        return self.comparison.absolute if self.comparison else None


@dataclass(frozen=True)
class Statistics:
    """Sufficient statistics of a metric by arm, how they were made, and what was done to the values."""

    by_arm: dict[str, Any]
    method: str
    notes: tuple[str, ...]


def estimates(units: pd.DataFrame, metric: Metric, *, plain: str, clustered: bool = False) -> list[Estimate]:
    """Every other arm of the frame against the plain one.

    Args:
        units: one row a unit: `arm`, `cluster_id` and the columns of the metric.
        metric: its definition.
        plain: the arm to compare with.
        clustered: whether several units may be one person (sessions): rows of a person are summed first.
    """
    arms = [str(arm) for arm in sorted(units["arm"].unique()) if arm != plain]
    usable = known(units, metric)
    missing = _missing(usable, metric, plain)
    if missing:
        return [Estimate(metric, arm, None, metric.kind, missing) for arm in arms]
    made = statistics(usable, metric, clustered=clustered)
    return [_against(made, metric, arm, plain, usable) for arm in arms]


def known(units: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """The units that say something about a metric."""
    usable = units
    if metric.needs:
        usable = usable[usable[metric.needs].notna()]
    if metric.denominator:
        usable = usable[usable[metric.denominator].fillna(0) != 0]
    return usable


def statistics(units: pd.DataFrame, metric: Metric, *, clustered: bool = False) -> Statistics:
    """The sums of a metric by arm: winsorised, adjusted by what was known before, summed by person where needed."""
    frame, notes = prepared(units, metric)
    if metric.kind == "ratio":
        if clustered:
            made = frames.clustered(frame, "cluster_id", "value", "below")
        else:
            made = frames.ratios(frame, "value", "below")
        return Statistics(dict(made), "ratio by the delta method" + _by_person(clustered), notes)
    if clustered:
        return Statistics(dict(frames.clustered(frame, "cluster_id", "value")), "mean" + _by_person(clustered), notes)
    return _of_units(frame, metric, notes)


def _of_units(frame: pd.DataFrame, metric: Metric, notes: tuple[str, ...]) -> Statistics:
    if metric.covariate and _varies(frame):
        return Statistics(
            dict(frames.adjusted(frame, "value", "before")), f"mean, adjusted by {metric.covariate} (CUPED)", notes
        )
    if metric.kind == "proportion":
        return Statistics(dict(frames.proportions(frame, "value")), "share of units", notes)
    return Statistics(dict(frames.means(frame, "value")), "mean (Welch)", notes)


def _by_person(clustered: bool) -> str:
    return ", sessions of a person together" if clustered else ""


def prepared(units: pd.DataFrame, metric: Metric) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Columns arm, cluster_id, value, `below` and `before` where the metric has them; and what was done to them."""
    value = units[metric.numerator].fillna(0).astype(float)
    notes: tuple[str, ...] = ()
    if metric.kind == "proportion":
        value = (value > 0).astype(float)
    elif metric.is_winsorised:
        value, notes = _pulled_in(value, metric)
    arm = units["arm"].astype(str)
    # Visits of one person may be in several arms: what is summed is a person within an arm. The arms then go together
    # a little, which makes the interval of their difference wider than it need be, not narrower.
    columns = {"arm": arm, "cluster_id": arm + "|" + units["cluster_id"].astype(str), "value": value}
    if metric.denominator:
        columns["below"] = units[metric.denominator].astype(float)
    if metric.covariate:
        columns["before"] = units[metric.covariate].fillna(0).astype(float)
    return pd.DataFrame(columns).reset_index(drop=True), notes


def _pulled_in(value: pd.Series, metric: Metric) -> tuple[pd.Series, tuple[str, ...]]:
    """Values with the largest hundredth of those that are not zero held at a bound of all arms together."""
    pulled = winsorised(value.to_numpy(), caps(value.to_numpy()))
    if not pulled.n_clipped:
        return value, ()
    return pd.Series(np.asarray(pulled.values), index=value.index), (f"{metric.label}: {pulled.said}",)


def _varies(frame: pd.DataFrame) -> bool:
    """Whether the covariate tells units apart in every arm; a constant one adjusts nothing."""
    return bool((frame.groupby("arm")["before"].nunique() > 1).all())


def _missing(units: pd.DataFrame, metric: Metric, plain: str) -> str:
    if units.empty:
        return f"no unit has a known {metric.label}"
    if plain not in set(units["arm"]):
        return f"the plain arm {plain!r} has no unit with a known {metric.label}"
    return ""


def _against(made: Statistics, metric: Metric, arm: str, plain: str, units: pd.DataFrame) -> Estimate:
    if arm not in made.by_arm:
        return Estimate(metric, arm, None, made.method, f"arm {arm!r} has no unit with a known {metric.label}")
    one, other = made.by_arm[plain], made.by_arm[arm]
    few = _too_few(units, metric, (plain, arm)) or _all_alike(units, metric, (plain, arm))
    if few:
        return Estimate(metric, arm, None, made.method, few, made.notes, one, other)
    try:
        comparison = compare(one, other)
    except ValueError as error:
        return Estimate(metric, arm, None, made.method, str(error), made.notes, one, other)
    return Estimate(metric, arm, comparison, made.method, "", made.notes, one, other)


def _all_alike(units: pd.DataFrame, metric: Metric, arms: tuple[str, ...]) -> str:
    """Where every unit has the same, nothing is known of the spread."""
    columns = [metric.numerator, metric.denominator] if metric.denominator else [metric.numerator]
    values = units.loc[units["arm"].isin(arms), columns].fillna(0).astype(float).to_numpy()
    share = values[:, 0] / values[:, -1] if metric.denominator else values[:, 0]
    if len(share) and (share == share[0]).all():
        return f"{metric.label} is {share[0]:g} for every unit of both arms: nothing varies yet"
    return ""


def _too_few(units: pd.DataFrame, metric: Metric, arms: tuple[str, ...]) -> str:
    for arm in arms:
        here = units[units["arm"] == arm]
        if len(here) < LEAST_UNITS:
            return f"arm {arm!r} has {len(here)} units with a known {metric.label}; at least {LEAST_UNITS} are needed"
        # Nobody at all: every unit has the same value, so nothing is known of its spread.
        if metric.kind == "proportion":
            events = int((here[metric.numerator].fillna(0) > 0).sum())
            if min(events, len(here) - events) < LEAST_EVENTS:
                return f"arm {arm!r} has {events} of {len(here)} in {metric.label}; at least {LEAST_EVENTS} are needed"
    return ""
