"""One version read out: health, comparisons, the look that is due, the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pandas as pd

from intake.ops_experiments import ExperimentEvent, TakenLook
from orchestration.experiments.comparisons import (
    Comparisons,
    compare_arms,
    compare_holdout,
    compare_slices,
    factor_effects,
)
from orchestration.experiments.design import HOLDOUT
from orchestration.experiments.health import checks, sample_ratio
from orchestration.experiments.look_taking import due_look, information, take_looks
from orchestration.experiments.metric_registry import metric_of
from orchestration.experiments.reading import Counts, Reading
from orchestration.experiments.shadowing import Agreement
from orchestration.experiments.verdict import Evidence, Verdict, verdict
from serving.experiments.definition import Experiment


@dataclass(frozen=True)
class Material:
    """What a reading is made of.

    Attributes:
        assigned: rows of `ml.assignment` of this version.
        units: rows of `ml.experiment_unit` of this version.
        groups: by sensitive attribute, the group of each customer.
        least_in_group: units a group needs in each arm.
        is_closed: whether nobody new is drawn.
        takes_looks: whether a look that is due is taken.
        paused: arms that are drawn no more.
        shown_on: days (UTC) with an exposure, in order.
        last_shown_at: the latest exposure; aware.
    """

    assigned: pd.DataFrame
    units: pd.DataFrame
    taken: Sequence[TakenLook]
    events: Sequence[ExperimentEvent]
    shadow: Sequence[Agreement]
    groups: Mapping[str, pd.Series]
    least_in_group: int
    is_closed: bool
    takes_looks: bool = True
    paused: frozenset[str] = frozenset()
    shown_on: tuple[date, ...] = ()
    last_shown_at: datetime | None = None


def read_out(design: Experiment, material: Material, now: datetime) -> Reading:
    """Everything that can be said of one version at `now` (aware UTC); a look that is due is among the looks."""
    complete = material.units[material.units["is_complete"].astype(bool)]
    live = complete[complete["arm"].isin(list(design.arms))]
    counts = count(material, live)
    ratio = sample_ratio(design, material.assigned) if len(material.assigned) else None
    found = tuple(checks(design, material.assigned, live, ratio, material.shown_on)) if len(material.assigned) else ()
    compared = compare(design, complete, live, material) if counts.by_arm else Comparisons()
    over = material.is_closed and counts.waiting == 0
    trusted = all(check.is_ok or not check.spoils for check in found)
    looks = [*material.taken, *(_look(design, compared, material, counts, now, over) if trusted else ())]
    watches = {(one.estimate.metric.name, one.estimate.arm, one.group): one.watch
               for one in (*compared.arms, *compared.slices)}  # fmt: skip
    evidence = Evidence(
        counts.by_arm, counts.waiting, [one.estimate for one in compared.arms], watches, looks, found, over,
        material.paused,
    )  # fmt: skip
    decided = _shadow_verdict(material.shadow) if design.kind == "shadow" else verdict(design, evidence)
    return Reading(
        design, now, decided, counts, compared, found, tuple(looks), None if ratio is None else ratio.p_value,
        tuple(material.shadow), tuple(material.events), notes(design, compared, looks), material.is_closed,
        material.paused,
    )  # fmt: skip


def count(material: Material, live: pd.DataFrame) -> Counts:
    """How many units there are of each sort."""
    assigned, units = material.assigned, material.units
    first = assigned["first_exposed_at"].min() if len(assigned) else None
    return Counts(
        by_arm={str(arm): int(n) for arm, n in live["arm"].value_counts().sort_index().items()},
        waiting=int((~units["is_complete"].astype(bool)).sum()),
        excluded=int(assigned["is_excluded"].sum()),
        holdout=int((units["arm"] == HOLDOUT).sum()),
        first_exposed_at=None if first is None else pd.Timestamp(first).to_pydatetime().replace(tzinfo=UTC),
        shown_on=material.shown_on,
        last_shown_at=material.last_shown_at,
    )


def compare(design: Experiment, complete: pd.DataFrame, live: pd.DataFrame, material: Material) -> Comparisons:
    """All comparisons of complete units."""
    factors, untold = factor_effects(design, live)
    return Comparisons(
        arms=compare_arms(design, live),
        holdout=compare_holdout(design, complete),
        slices=compare_slices(design, live, material.groups, material.least_in_group),
        factors=factors,
        notes=untold,
    )


def _look(
    design: Experiment, compared: Comparisons, material: Material, counts: Counts, now: datetime, over: bool
) -> list[TakenLook]:
    began = counts.first_exposed_at
    if began is None or not material.takes_looks:
        return []
    number = due_look(began, now, material.taken, is_over=over)
    if number is None:
        return []
    primary = metric_of(design.metrics.primary).name
    share = information(design, sum(counts.by_arm.values()), began, now)
    found = [one.estimate for one in compared.arms if one.estimate.metric.name == primary]
    return take_looks(design, found, material.taken, number=number, share=share, now=now, is_over=over)


def _shadow_verdict(found: Sequence[Agreement]) -> Verdict:
    decisions = sum(one.decisions for one in found)
    if not decisions:
        return Verdict("keep running", "", "The shadow decided nothing yet: there is nothing to tell.")
    share = sum(one.same for one in found) / decisions
    words = f"In {decisions} decisions the shadow would have shown the same in {share:.1%}; nobody saw its choices."
    return Verdict("keep running", "", words)


def notes(design: Experiment, compared: Comparisons, looks: Sequence[TakenLook] = ()) -> tuple[str, ...]:
    """What was assumed, in the order in which it matters."""
    window = f"outcomes of the {design.attribution_hours} hours after the first exposure count, whatever led to them"
    planned = () if design.planned_size else (
        "no planned_size: the looks share their chance of error by time; plan it with `concierge experiment plan`",
    )  # fmt: skip
    per_arm = (note for one in compared.arms for note in one.estimate.notes)
    refused = (f"{one.estimate.arm}: {one.estimate.metric.label} not told: {one.estimate.refused}"
               for one in compared.arms if one.estimate.refused)  # fmt: skip
    early = (f"{one.arm} was decided at look {one.look}, with {one.information:.0%} of the evidence: what is found "
             "early is found where it looks largest, so that the change is rather smaller than told"
             for one in looks if one.crossed == "better" and not one.is_final)  # fmt: skip
    return tuple(dict.fromkeys([window, *planned, *early, *per_arm, *refused, *compared.notes]))
