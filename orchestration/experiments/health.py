"""Whether an experiment can be trusted: its split, its identities, its days, its values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from ml.experiments.sample_ratio import Batch, SampleRatio, sequential
from orchestration.experiments.design import HOLDOUT, shares_of
from serving.experiments.definition import Experiment

SAMPLE_RATIO_ALPHA = 0.001
MOST_CONFLICTS = 0.01
LEAST_FOR_CONFLICTS = 100
MOST_UNKNOWN_MARGIN = 0.05


@dataclass(frozen=True)
class Check:
    """One look at the health of an experiment; what is not ok and `spoils` it makes its results worthless."""

    name: str
    is_ok: bool
    words: str
    spoils: bool = False


def sample_ratio(design: Experiment, assigned: pd.DataFrame) -> SampleRatio | None:
    """Units by arm against the probabilities they were drawn with; None where nobody was drawn.

    Units that saw two arms count with their first, so that leaving them out cannot hide a broken split.
    """
    drawn = assigned[assigned["arm"] != HOLDOUT]
    batches = []
    planned = shares_of(design)
    days = drawn["first_exposed_at"].dt.floor("D")
    for (_, text), rows in drawn.groupby([days, drawn["probabilities"].fillna("")], sort=True):
        weights = _probabilities(str(text)) or planned
        observed = {str(arm): int(count) for arm, count in rows["arm"].value_counts().items()}
        batches.append(Batch(_filled(observed, weights), {**dict.fromkeys(observed, 0.0), **weights}))
    return sequential(batches) if batches else None


def _filled(observed: Mapping[str, int], weights: Mapping[str, float]) -> dict[str, int]:
    return {arm: observed.get(arm, 0) for arm in {**weights, **observed}}


def _probabilities(text: str) -> dict[str, float]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return {str(arm): float(p) for arm, p in found.items()} if isinstance(found, dict) else {}


def checks(
    design: Experiment, assigned: pd.DataFrame, units: pd.DataFrame, ratio: SampleRatio | None, days: Sequence[date]
) -> list[Check]:
    """Every check, the grave ones first.

    Args:
        assigned: rows of `ml.assignment` of this version.
        units: rows of `ml.experiment_unit` of this version, windows still open among them.
        ratio: what `sample_ratio` found.
        days: with an exposure (UTC), in order.
    """
    found = [_arms(design, assigned), _strangers(design, assigned)]
    if ratio is not None:
        found.append(_split(ratio))
    return [*found, _identities(assigned), _days(days), _margins(units)]


def _arms(design: Experiment, assigned: pd.DataFrame) -> Check:
    seen = [arm for arm in assigned["arm"].unique() if arm != HOLDOUT]
    if design.plain_arm not in seen:
        return Check("arms", False, f"no unit saw the plain arm {design.plain_arm!r}: nothing to compare with", True)
    if len(seen) < 2:
        return Check("arms", False, f"every unit is in arm {seen[0]!r}: nothing to compare", True)
    return Check("arms", True, f"{len(seen)} arms have units")


def _strangers(design: Experiment, assigned: pd.DataFrame) -> Check:
    unknown = sorted({str(arm) for arm in assigned["arm"].unique()} - {*design.arms, HOLDOUT})
    if unknown:
        count = int(assigned["arm"].isin(unknown).sum())
        words = f"{count} units are in {', '.join(unknown)}, which version {design.version} does not define"
        return Check("definition", False, f"{words}: the split was edited in flight; make it a new version", True)
    return Check("definition", True, "every unit is in an arm that the definition has")


def _split(ratio: SampleRatio) -> Check:
    return Check("sample ratio", ratio.p_value >= SAMPLE_RATIO_ALPHA, ratio.said, True)


def _identities(assigned: pd.DataFrame) -> Check:
    units, twice = len(assigned), int(assigned["is_excluded"].sum())
    share = twice / units if units else 0.0
    words = f"{twice} of {units} units saw two arms ({share:.2%}) and are left out; at most {MOST_CONFLICTS:.0%} may"
    return Check("identities", units < LEAST_FOR_CONFLICTS or share <= MOST_CONFLICTS, words, True)


def _days(days: Sequence[date]) -> Check:
    """Days (UTC) without a single exposure between the first and the last of them."""
    if not days:
        return Check("days", False, "nobody was exposed yet")
    whole = {days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)}
    missing = sorted(whole - set(days))
    if not missing:
        return Check("days", True, f"exposures on every day from {days[0]} to {days[-1]}")
    named = ", ".join(map(str, missing[:5])) + (" …" if len(missing) > 5 else "")
    words = f"no exposure on {len(missing)} days ({named}): was data lost, or the experiment paused?"
    return Check("days", False, words)


def _margins(units: pd.DataFrame) -> Check:
    orders, unknown = float(units["orders"].sum()), float(units["orders_without_margin"].sum())
    if orders and unknown / orders > MOST_UNKNOWN_MARGIN:
        words = f"{unknown:.0f} of {orders:.0f} orders came without a margin and count with their revenue"
        return Check("margins", False, f"{words}: profit is overstated; send properties.margin_amount")
    return Check("margins", True, "orders come with their margin" if orders else "no orders yet")
