"""One figure of drift of one day, and the series it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from intake.ops_records import Metric
from intake.settings_drift import DriftSettings
from ml.drift_state import Standing, Thresholds, standing

FEATURE, SCORE, SEGMENT, TRAFFIC = "feature_psi", "score_psi", "segment_psi", "source_psi"
LOSS, MATCH = "performance_loss", "match_rate_loss"
# Indices have one pair of thresholds, losses of a share or an AUC another.
LOSSES: Final = frozenset({LOSS, MATCH})
METRICS: Final = (FEATURE, SCORE, SEGMENT, TRAFFIC, LOSS, MATCH)


class Reading(NamedTuple):
    """A figure of today.

    Attributes:
        metric: one of `METRICS`.
        dimension: feature, model, `model:figure` or source that it is about.
        value: index or loss; where the same weeks of last year are known, only what they do not explain.
        told: what stands behind it, for an analyst.
        watched: False: written down, and never news (features that grow with the history).
    """

    metric: str
    dimension: str
    value: float
    told: str = ""
    watched: bool = True


class Judged(NamedTuple):
    """A reading and where its series stands."""

    reading: Reading
    standing: Standing
    since: date | None


def thresholds(metric: str, settings: DriftSettings) -> Thresholds:
    """When a series of this metric begins and ends to be drift."""
    if metric in LOSSES:
        return Thresholds(settings.loss_open_at, settings.loss_close_at, settings.runs)
    return Thresholds(settings.open_at, settings.close_at, settings.runs)


def judged(
    readings: Sequence[Reading],
    earlier: Mapping[tuple[str, str], Sequence[Metric]],
    today: date,
    settings: DriftSettings,
) -> list[Judged]:
    """Where each reading's series stands with it; a day that is run again counts once, with its last figure.

    Args:
        readings: of today.
        earlier: by metric and dimension what earlier days found, in order of the day.
        today: the day of the run; what stands in `earlier` from then on is left out.
        settings: thresholds.
    """
    found = []
    for one in readings:
        series = [item for item in earlier.get((one.metric, one.dimension), ()) if item.metric_date < today]
        days = [*(item.metric_date for item in series), today]
        where = standing([*(item.value for item in series), one.value], thresholds(one.metric, settings))
        if not one.watched:
            where = Standing(False, None, 0)
        found.append(Judged(one, where, None if where.since is None else days[where.since]))
    return found
