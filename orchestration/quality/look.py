"""One look at the last complete days of every source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from intake.project import Project
from intake.settings_quality import KINDS, QualitySettings
from ml.watch.bounds import Bounds
from ml.watch.oddity import Oddity
from ml.watch.rhythm import Silence
from ml.watch.watch import Measures, complete_days, watch


@dataclass(frozen=True)
class Look:
    """What was judged, and what is odd about it."""

    measures: Measures
    silences: Sequence[Silence]
    judged: Mapping[str, set[date]]
    oddities: Sequence[Oddity]

    def frame(self) -> pd.DataFrame:
        """One row a source and judged day: events, and by kind how far beyond its bound the day lies (0: within)."""
        days = self.measures.days.set_index(["source", "event_date"])["events"].to_dict()
        kinds: dict[tuple[str, date, str], float] = {
            (one.source, one.day, one.kind): excess(one) for one in self.oddities
        }
        rows = [
            {
                "source": source,
                "event_date": day,
                "events": int(days.get((source, day), 0)),
                **{kind: kinds.get((source, day, kind), 0.0) for kind in KINDS},
            }
            for source, judged in sorted(self.judged.items())
            for day in sorted(judged)
        ]
        return pd.DataFrame(rows, columns=["source", "event_date", "events", *KINDS])


def bounds_of(settings: QualitySettings) -> Bounds:
    """The settings as the watch reads them."""
    return Bounds(
        history_weeks=settings.history_weeks,
        minimum_weeks=settings.minimum_weeks,
        minimum_history_days=settings.minimum_history_days,
        minimum_events=settings.minimum_events,
        volume_factor=settings.volume_factor,
        mix_index=settings.mix_index,
        share_change=settings.share_change,
        quiet_days=frozenset(settings.quiet_days),
        ignored=settings.ignore,
    )


def look(project: Project, measures: Measures, silences: Sequence[Silence], as_of: datetime) -> Look:
    """Judge the last complete days of each source."""
    settings = project.settings.quality
    bounds = bounds_of(settings)
    judged = complete_days(measures.days, as_of, within=settings.watch_days)
    stale = []
    for one in silences:
        if one.is_stale:
            last = as_of.date() - pd.Timedelta(days=1).to_pytimedelta()
            judged.setdefault(one.source, set()).add(last)
            stale.append(one.oddity(last))
    return Look(measures, silences, judged, watch(measures, judged, bounds, stale))


def excess(one: Oddity) -> float:
    """How many times its bound a finding is, above 1 where the bound is not 0."""
    if one.observed < one.low:
        return round(one.low / max(one.observed, 1.0), 3)
    return round(one.observed / one.high, 3) if one.high > 0 else round(max(one.observed, 1.0), 3)
