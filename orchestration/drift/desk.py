"""Drift as alerts: one a family, naming features and sources, open until it is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from intake.project import Project
from orchestration.alerts import Finding, settle
from orchestration.drift.reading import FEATURE, LOSS, MATCH, SCORE, SEGMENT, TRAFFIC, Judged

FAMILY = "drift:"
# What an analyst does about each; the family names what a retraining may mend (orchestration/retraining.py).
ADVICE = {
    FEATURE: "A training is asked for; if a source broke, mend it first.",
    SCORE: "A training is asked for.",
    LOSS: "A training is asked for.",
    SEGMENT: "A training is asked for; customers may truly have moved.",
    TRAFFIC: "Look at the source that came or went: contract, deliveries, tracking. No training mends that.",
    MATCH: "Look at the log-ins and identifiers of that source (concierge explain). No training mends that.",
}
MOST_NAMED = 12


def causes(one: Judged) -> str:
    """The cause under which a drift stands."""
    metric, dimension = one.reading.metric, one.reading.dimension
    return {
        FEATURE: "drift:features",
        SCORE: f"drift:scores:{dimension}",
        LOSS: f"drift:performance:{dimension}",
        SEGMENT: "drift:segments",
        TRAFFIC: "drift:traffic",
        MATCH: f"drift:identity:{dimension}",
    }[metric]


def settle_drift(project: Project, found: Sequence[Judged], today: date) -> list[str]:
    """Open or count again an alert for each drift that stands, resolve those that are over; returns standing causes."""
    standing: dict[str, list[Judged]] = {}
    for one in found:
        if one.standing.is_open:
            standing.setdefault(causes(one), []).append(one)
    settle(project, FAMILY, [_finding(cause, group, today) for cause, group in standing.items()], source="drift")
    return sorted(standing)


def _finding(cause: str, group: Sequence[Judged], today: date) -> Finding:
    loud = sorted(group, key=lambda one: (-one.reading.value, one.reading.dimension))
    since = min((one.since for one in group if one.since is not None), default=today)
    told = [one.reading.told for one in loud[:MOST_NAMED]]
    more = f"; and {len(loud) - MOST_NAMED} more" if len(loud) > MOST_NAMED else ""
    return Finding(
        cause,
        f"{_title(loud)} since {since}",
        f"{'; '.join(told)}{more}. {ADVICE[loud[0].reading.metric]}",
        sample=[{"what": one.reading.dimension, "value": round(one.reading.value, 3)} for one in loud],
    )


def _title(loud: Sequence[Judged]) -> str:
    first = loud[0].reading
    if first.metric == FEATURE:
        names = ", ".join(one.reading.dimension for one in loud[:3])
        return f"{len(loud)} model features drifted: {names}{' …' if len(loud) > 3 else ''}"
    return {
        SCORE: f"scores of {first.dimension} drifted",
        LOSS: f"{first.dimension.replace(':', ' lost ')}",
        SEGMENT: "the sizes of segments drifted",
        TRAFFIC: "traffic comes from other sources than usual",
        MATCH: f"fewer events of {first.dimension} find their person",
    }[first.metric]
