"""Past moments that models are trained on and judged on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from intake.settings import ModelSettings

SHORTEST_HORIZON_DAYS = 7
# A cut-off needs history before it, and its labels a horizon after it; judge and train need one horizon each.
HORIZONS_OF_HISTORY = 3
# The same weekday a year ago.
SEASON_DAYS = 364


@dataclass(frozen=True)
class CutoffPlan:
    """Cut-off midnights by role; `note` says what had to be shortened. No train cut-off means: do not train.

    `season` lies in the same weeks of last year: drift compares with it, and no model learns from it.
    """

    horizon_days: int
    judge: date | None
    train: tuple[date, ...]
    note: str = ""
    near_horizon_days: int | None = None
    season: date | None = None

    @property
    def possible(self) -> bool:
        """Whether there is anything to train and judge on."""
        return self.judge is not None and bool(self.train)

    def frame(self) -> pd.DataFrame:
        """Rows for `ops.cutoff`: as_of, horizon_days, role; oldest first."""
        moments = [(day, "train") for day in sorted(self.train)]
        moments += [(self.judge, "judge")] if self.judge else []
        moments = [*([(self.season, "season")] if self.season else []), *moments]
        return pd.DataFrame(
            {
                "as_of": pd.to_datetime([day for day, _ in moments]),
                "horizon_days": pd.Series([self.horizon_days] * len(moments), dtype="int32"),
                "role": pd.Series([role for _, role in moments], dtype=object),
            }
        )

    def windows(self) -> pd.DataFrame:
        """Rows for `ops.label_window`: the near horizon of each of these midnights."""
        days = [*sorted(self.train), *([self.judge] if self.judge else [])] if self.near_horizon_days else []
        near = pd.Series([self.near_horizon_days] * len(days), dtype="int32")
        return pd.DataFrame({"as_of": pd.to_datetime(days), "horizon_days": near})


def plan_cutoffs(
    first_event: date | None, as_of: datetime, settings: ModelSettings, learned_days: int = 91
) -> CutoffPlan:
    """Judge at `as_of` minus one horizon; train cut-offs end their labels before the judge begins.

    The horizon is the one that is set, or `learned_days` where none is. It shrinks to a third of the history when that
    is shorter than three horizons; under 7 days nothing is planned. Train cut-offs are `cutoff_spacing_days` apart,
    latest first, each with at least four weeks (or a horizon, if shorter) of history before it, at most
    `max_train_cutoffs` of them. The near horizon stays away where it would not be shorter.
    """
    wanted = settings.horizon_days or learned_days
    if first_event is None:
        return CutoffPlan(wanted, None, (), "no events yet: nothing to train on")
    days = (as_of.date() - first_event).days
    horizon = min(wanted, days // HORIZONS_OF_HISTORY)
    if horizon < SHORTEST_HORIZON_DAYS:
        needed = SHORTEST_HORIZON_DAYS * HORIZONS_OF_HISTORY
        return CutoffPlan(horizon, None, (), f"{days} days of history; training needs at least {needed}")
    judge = as_of.date() - timedelta(days=horizon)
    latest = judge - timedelta(days=horizon)
    earliest = first_event + timedelta(days=min(28, horizon))
    spaced = (
        latest - timedelta(days=settings.cutoff_spacing_days * step) for step in range(settings.max_train_cutoffs)
    )
    note = "" if horizon == wanted else (f"{days} days of history: the horizon is {horizon} days instead of {wanted}")
    near = settings.near_horizon_days if 0 < settings.near_horizon_days < horizon else None
    train = tuple(day for day in spaced if day >= earliest)
    season = as_of.date() - timedelta(days=SEASON_DAYS)
    # A cut-off that teaches may lie there already: the same midnight cannot be both.
    known = season if train and season >= earliest and season < min(train) else None
    return CutoffPlan(horizon, judge, train, note, near, known)
