"""The read-out of a bandit: its shares follow the results, so plain averages of arms are biased.

Units are compared within cells and versions of the table they were drawn from, weighted by the published probability.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite

import pandas as pd

from ml.experiments.bandit_readout import ArmReadout, readout
from ml.experiments.difference import Comparison
from orchestration.experiments.estimates import LEAST_UNITS, Estimate, known, prepared
from orchestration.experiments.metric_registry import Metric

METHOD = "weighted by the published probabilities, cell by cell (bandit)"
LEAST_COVERED = 0.5


def adaptive_estimates(units: pd.DataFrame, metric: Metric, *, plain: str) -> list[Estimate]:
    """Every other arm against the plain one, corrected for shares that changed on the way.

    Args:
        units: one row a unit with arm, propensity, table_version, segment_id, context_bucket.
        metric: a mean or a proportion; ratios are refused.
        plain: the arm to compare with.
    """
    arms = [str(arm) for arm in sorted(units["arm"].unique()) if arm != plain]
    usable = known(units, metric)
    drawn = usable["arm"].value_counts()
    refused = _refused(usable, metric, plain)
    if refused:
        return [Estimate(metric, arm, None, METHOD, refused) for arm in arms]
    values, notes = prepared(usable, metric)
    try:
        found = readout(strata(usable, values["value"]), plain=plain)
    except ValueError as error:
        return [Estimate(metric, arm, None, METHOD, str(error), notes) for arm in arms]
    return [_few(metric, arm, drawn, plain) or _estimate(metric, arm, found, plain, notes) for arm in arms]


def _few(metric: Metric, arm: str, drawn: pd.Series, plain: str) -> Estimate | None:
    """Refused where either arm was drawn too seldom for a normal interval to be believed."""
    for name in (plain, arm):
        if (units := int(drawn.get(name, 0))) < LEAST_UNITS:
            words = f"arm {name!r} has {units} units with a known {metric.label}; at least {LEAST_UNITS} are needed"
            return Estimate(metric, arm, None, METHOD, words)
    return None


def strata(units: pd.DataFrame, value: pd.Series) -> pd.DataFrame:
    """Counts and sums by cell, version of the table and arm."""
    frame = pd.DataFrame(
        {
            "stratum": units["segment_id"].astype(str).to_numpy()
            + "/"
            + units["context_bucket"].astype(str).to_numpy(),
            "batch": units["first_exposed_at"].dt.strftime("%Y-%m-%dT%H").to_numpy()
            + " "
            + units["table_version"].fillna("").to_numpy(),
            "row": units["probabilities"].fillna("").to_numpy() if "probabilities" in units else "",
            "arm": units["arm"].astype(str).to_numpy(),
            "propensity": units["propensity"].round(9).to_numpy(),
            "n": 1,
            "total": value.to_numpy(),
            "squares": (value**2).to_numpy(),
        }
    )
    keys = ["stratum", "batch", "row", "arm", "propensity"]
    summed = frame.groupby(keys, as_index=False, sort=True)[["n", "total", "squares"]].sum()
    whole = pd.concat([summed, _idle(summed)], ignore_index=True)
    # One row of probabilities is one batch, also within an hour of one table.
    return whole.assign(batch=whole["batch"] + " " + whole["row"]).drop(columns="row")


def _idle(summed: pd.DataFrame) -> pd.DataFrame:
    """Arms that could have been drawn in a batch and were not: the read-out needs their probabilities too."""
    rows = [
        (stratum, batch, row, arm, round(float(p), 9), 0, 0.0, 0.0)
        for (stratum, batch, row), part in summed.groupby(["stratum", "batch", "row"])
        for arm, p in (json.loads(str(row)) if row else {}).items()
        if arm not in set(part["arm"])
    ]
    return pd.DataFrame(rows, columns=summed.columns).astype(summed.dtypes.to_dict())


def _refused(units: pd.DataFrame, metric: Metric, plain: str) -> str:
    if metric.kind == "ratio":
        return f"{metric.label} is a ratio, which cannot be corrected for changing shares; take a mean or a proportion"
    if units.empty or plain not in set(units["arm"]):
        return f"the plain arm {plain!r} has no unit with a known {metric.label}"
    if units["propensity"].isna().any():
        return f"{int(units['propensity'].isna().sum())} units were drawn with an unknown probability"
    return ""


def _estimate(
    metric: Metric, arm: str, found: Mapping[str, ArmReadout], plain: str, notes: tuple[str, ...]
) -> Estimate:
    if arm not in found or found[arm].absolute is None:
        return Estimate(
            metric,
            arm,
            None,
            METHOD,
            f"arm {arm!r} and {plain!r} were never drawn side by side, or nothing varies",
            notes,
        )
    one, other = found[plain], found[arm]
    if other.covered_share < LEAST_COVERED:
        words = (
            f"arm {arm!r} was drawn for {other.covered_share:.0%} of the traffic only; {LEAST_COVERED:.0%} is needed"
        )
        return Estimate(metric, arm, None, METHOD, words, notes)
    absolute = other.absolute
    if absolute is None or not isfinite(absolute.standard_error):
        return Estimate(metric, arm, None, METHOD, "too few draws side by side", notes)
    comparison = Comparison(one.mean, other.mean, one.n, other.n, absolute, other.relative, None)
    biased = f"{metric.label} of {arm}: plain average {other.naive:.4g}, corrected {other.mean:.4g}"
    return Estimate(metric, arm, comparison, METHOD, "", (*notes, biased))
