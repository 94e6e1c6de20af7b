"""Every comparison of an experiment: arms with the plain arm, all of them with the holdout, factors, groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ml.experiments.factorial import Cell, FactorEffect, effects
from ml.experiments.multiplicity import holm
from orchestration.experiments.adaptive import adaptive_estimates
from orchestration.experiments.design import HOLDOUT, NORTH_STAR, metrics_of, role_of
from orchestration.experiments.estimates import Estimate, estimates, known, statistics
from orchestration.experiments.metric_registry import Metric, metric_of
from orchestration.experiments.watching import UNKNOWN, Watch, watched
from serving.experiments.definition import Experiment

ALL_ARMS = "all arms"
INSUFFICIENT = "insufficient"


@dataclass(frozen=True)
class Compared:
    """One comparison as it is told: against what, in which role, with which correction, and what is watched.

    `group` is the people it is about, as `gender f`; empty for everybody.
    """

    estimate: Estimate
    plain: str
    role: str
    p_adjusted: float | None = None
    watch: Watch = UNKNOWN
    group: str = ""


@dataclass(frozen=True)
class Comparisons:
    """All of one experiment; `factors` only where it is multivariate."""

    arms: tuple[Compared, ...] = ()
    holdout: tuple[Compared, ...] = ()
    slices: tuple[Compared, ...] = ()
    factors: tuple[FactorEffect, ...] = ()
    notes: tuple[str, ...] = field(default=())


def compare_arms(design: Experiment, units: pd.DataFrame) -> tuple[Compared, ...]:
    """Every metric and arm against the plain arm; p-values corrected for the number of arms (Holm).

    Args:
        units: complete units without the holdout.
    """
    found: list[Compared] = []
    for metric in metrics_of(design):
        role = role_of(design, metric.name)
        told = against_plain(design, units, metric)
        corrected = _corrected(told)
        for one in told:
            watch = watched(design, one) if role != "secondary" else UNKNOWN
            found.append(Compared(one, design.plain_arm, role, corrected.get(one.arm), watch))
    return tuple(found)


def against_plain(design: Experiment, units: pd.DataFrame, metric: Metric) -> list[Estimate]:
    """One metric of all arms, by the method that the kind of experiment needs."""
    if design.kind == "bandit":
        return adaptive_estimates(units, metric, plain=design.plain_arm)
    return estimates(units, metric, plain=design.plain_arm, clustered=design.unit == "session")


def _corrected(told: Sequence[Estimate]) -> dict[str, float]:
    known_p = [(one.arm, one.effect.p_value) for one in told if one.effect is not None]
    return dict(zip((arm for arm, _ in known_p), holm([p for _, p in known_p]), strict=True)) if known_p else {}


def compare_holdout(design: Experiment, units: pd.DataFrame) -> tuple[Compared, ...]:
    """What the experiment earns as it runs, against people who see nothing special."""
    if not (units["arm"] == HOLDOUT).any():
        return ()
    two = units.assign(arm=units["arm"].where(units["arm"] == HOLDOUT, ALL_ARMS))
    clustered = design.unit == "session"
    names = dict.fromkeys([NORTH_STAR, metric_of(design.metrics.primary).name])
    found = (one for name in names for one in estimates(two, metric_of(name), plain=HOLDOUT, clustered=clustered))
    return tuple(Compared(one, HOLDOUT, "holdout") for one in found)


def compare_slices(
    design: Experiment, units: pd.DataFrame, groups: Mapping[str, pd.Series], least: int
) -> tuple[Compared, ...]:
    """The primary metric within groups of people: harm in one of them is harm, and no group alone makes a winner.

    Args:
        units: complete units without the holdout.
        groups: by attribute, the group of each customer (index: customer id).
        least: units an arm and group needs; below it nothing is said but `insufficient`.
    """
    found: list[Compared] = []
    metric = metric_of(design.metrics.primary)
    for attribute, of_customer in groups.items():
        group = units["customer_id"].map(of_customer)
        for value in sorted(group.dropna().unique()):
            rows = units[group == value]
            name = f"{attribute} {value}"
            found += [_slice(design, one, name, rows, least) for one in against_plain(design, rows, metric)]
    return tuple(found)


def _slice(design: Experiment, estimate: Estimate, group: str, rows: pd.DataFrame, least: int) -> Compared:
    plain = f"{design.plain_arm} in {group}"
    counts = rows["arm"].value_counts()
    fewest = min(int(counts.get(estimate.arm, 0)), int(counts.get(design.plain_arm, 0)))
    if fewest < least:
        few = Estimate(estimate.metric, estimate.arm, None, estimate.method, f"{fewest} units; {least} are needed")
        return Compared(few, plain, "slice", None, Watch(INSUFFICIENT, None, None, None, ""), group)
    return Compared(estimate, plain, "slice", None, watched(design, estimate), group)


def factor_effects(design: Experiment, units: pd.DataFrame) -> tuple[tuple[FactorEffect, ...], tuple[str, ...]]:
    """Main effects and two-way interactions on the primary metric, and why not where they cannot be told."""
    if design.kind != "multivariate":
        return (), ()
    metric = metric_of(design.metrics.primary)
    usable = known(units, metric)
    if usable.empty:
        return (), (f"no unit has a known {metric.label}",)
    made = statistics(usable, metric, clustered=design.unit == "session")
    missing = [arm for arm in design.arms if arm not in made.by_arm]
    if missing:
        return (), (f"effects of factors need units in every arm; none in {', '.join(missing)}",)
    cells = [Cell(dict(arm.levels), made.by_arm[name]) for name, arm in design.arms.items()]
    try:
        return tuple(effects(cells, reference=dict(design.arms[design.plain_arm].levels))), ()
    except ValueError as error:
        return (), (f"effects of factors: {error}",)
