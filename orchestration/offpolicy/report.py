"""The report of one candidate at one placement."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ml.offpolicy.evaluation import Evaluation, Part
from ml.offpolicy.gate import relative
from ml.offpolicy.intervals import Estimate


class Interval(msgspec.Struct, frozen=True):
    """A value per exposure with its 95 % interval, in the shop's currency or as a share."""

    value: float
    low: float
    high: float


class PartReport(msgspec.Struct, frozen=True):
    """One slice."""

    attribute: str
    label: str
    exposures: int
    people: int
    effective: float
    logged: float
    candidate: Interval
    difference: Interval


class GapReport(msgspec.Struct, frozen=True):
    """An action that the candidate wants and the log hardly knows."""

    action: str
    wanted: float
    impossible: float
    shown: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Values in `objective` per exposure; `relative` is the difference as a share of the log's value."""

    candidate: str
    digest: str
    placement: str
    objective: str
    judged_at: datetime
    days: int
    window_hours: int
    verdict: str
    reasons: list[str]
    notes: list[str]
    exposures: int
    people: int
    logged: Interval
    estimates: dict[str, Interval]
    difference: Interval
    relative: Interval
    effective: float
    effective_share: float
    mean_weight: float
    largest_weight: float
    tail_share: float
    by_action: dict[str, float]
    explored_share: float
    unsupported: float
    gaps: list[GapReport]
    parts: list[PartReport]

    @property
    def passes(self) -> bool:
        """Whether the candidate may go on."""
        return self.verdict == "ok"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    candidate: str
    digest: str
    placement: str
    objective: str
    judged_at: datetime
    days: int
    window_hours: int
    notes: list[str]


def report_of(asked: Asked, found: Evaluation) -> Report:
    """The report of an evaluation."""
    told = {"IPS": found.ips, "SNIPS": found.snips, "DM": found.dm, "DR": found.dr, "DR resampled": found.resampled}
    logged, support, weights = found.logged.value, found.support, found.weights
    return Report(
        **msgspec.structs.asdict(asked),
        verdict=found.judgement.verdict.value,
        reasons=list(found.judgement.reasons),
        exposures=found.exposures,
        people=found.people,
        logged=_interval(found.logged),
        estimates={name: _interval(one) for name, one in told.items()},
        difference=_interval(found.difference),
        relative=Interval(*(relative(x, logged) for x in found.difference[:3])),
        effective=weights.effective,
        effective_share=weights.effective_share,
        mean_weight=weights.mean,
        largest_weight=weights.largest,
        tail_share=weights.tail_share,
        by_action=weights.by_action,
        explored_share=support.explored_share,
        unsupported=support.unsupported,
        gaps=[GapReport(*gap) for gap in support.gaps],
        parts=[_part(part) for part in found.parts],
    )


def _interval(estimate: Estimate) -> Interval:
    return Interval(estimate.value, estimate.low, estimate.high)


def _part(part: Part) -> PartReport:
    sizes = part.exposures, part.people, part.effective, part.logged
    return PartReport(part.attribute, part.label, *sizes, _interval(part.candidate), _interval(part.difference))
