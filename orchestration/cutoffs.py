"""Past moments that models are trained on and judged on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from intake.settings import ModelSettings

SHORTEST_HORIZON_DAYS = 7
# Whole weeks that a short history shortens the horizon to: one that grew with each day would leave no two versions of a
# model that can be compared.
SHORTER_HORIZONS = (SHORTEST_HORIZON_DAYS, 14, 21, 28, 42, 56, 91, 182, 364)
# A cut-off needs history before it, and its labels a horizon after it; judge and train need one horizon each.
HORIZONS_OF_HISTORY = 3
# The same weekday a year ago.
SEASON_DAYS = 364
# Midnights that teach the near horizon. On seven days of 2017 three recent ones ranked the month after them as well as
# five did (Gini 0.841 and 0.842), and each costs the training frame as much as one of the far ones.
NEAR_TRAIN_CUTOFFS = 3


@dataclass(frozen=True)
class CutoffPlan:
    """Cut-off midnights by role; `note` says what had to be shortened. No train cut-off means: do not train.

    `near` are those of the near horizon, the last of them judges. `season` lies in the same weeks of last year: drift
    compares with it, and no model learns from it.
    """

    horizon_days: int
    judge: date | None
    train: tuple[date, ...]
    note: str = ""
    near_horizon_days: int | None = None
    near: tuple[date, ...] = ()
    season: date | None = None

    @property
    def possible(self) -> bool:
        """Whether there is anything to train and judge on."""
        return self.judge is not None and bool(self.train)

    def frame(self) -> pd.DataFrame:
        """Rows for `ops.cutoff`: as_of, horizon_days, role; oldest first.

        A midnight that both horizons look from is one of the far horizon; its near labels are those of `windows`.
        """
        far = dict.fromkeys(self.train, "train") | ({self.judge: "judge"} if self.judge else {})
        roles = dict.fromkeys(self.near, "near") | ({self.season: "season"} if self.season else {}) | far
        moments = sorted(roles.items())
        days = [self.near_horizon_days if role == "near" else self.horizon_days for _, role in moments]
        return pd.DataFrame(
            {
                "as_of": pd.to_datetime([day for day, _ in moments]),
                "horizon_days": pd.Series(days, dtype="int32"),
                "role": pd.Series([role for _, role in moments], dtype=object),
            }
        )

    def windows(self) -> pd.DataFrame:
        """Rows for `ops.label_window`: the near horizon of each midnight that it looks from."""
        near = pd.Series([self.near_horizon_days] * len(self.near), dtype="int32")
        return pd.DataFrame({"as_of": pd.to_datetime(sorted(self.near)), "horizon_days": near})


def plan_cutoffs(
    first_event: date | None, as_of: datetime, settings: ModelSettings, learned_days: int = 91
) -> CutoffPlan:
    """Judge at `as_of` minus one horizon; train cut-offs end their labels before the judge begins.

    The horizon is the one that is set, or `learned_days` where none is. Where the history is shorter than three of it,
    it is the longest of `SHORTER_HORIZONS` that fits three times; where none does, nothing is planned. Train cut-offs
    are `cutoff_spacing_days` apart, latest first, each with at least four weeks (or a horizon, if shorter) of history
    before it, at most `max_train_cutoffs` of them. The near horizon has midnights of its own by the same rule, at most
    `NEAR_TRAIN_CUTOFFS` to train on, and stays away where it would not be shorter.
    """
    wanted = settings.horizon_days or learned_days
    if first_event is None:
        return CutoffPlan(wanted, None, (), "no events yet: nothing to train on")
    days = (as_of.date() - first_event).days
    horizon = _fitting(wanted, days // HORIZONS_OF_HISTORY)
    if horizon is None:
        needed = SHORTEST_HORIZON_DAYS * HORIZONS_OF_HISTORY
        return CutoffPlan(wanted, None, (), f"{days} days of history; training needs at least {needed}")
    note = "" if horizon == wanted else (f"{days} days of history: the horizon is {horizon} days instead of {wanted}")
    judge, train = _midnights(first_event, as_of.date(), horizon, settings, settings.max_train_cutoffs)
    near = settings.near_horizon_days if 0 < settings.near_horizon_days < horizon else None
    closer: tuple[date, ...] = ()
    if near:
        most = min(NEAR_TRAIN_CUTOFFS, settings.max_train_cutoffs)
        last, others = _midnights(first_event, as_of.date(), near, settings, most)
        closer = (*others, last)
    season = as_of.date() - timedelta(days=SEASON_DAYS)
    # A cut-off that teaches may lie there already: the same midnight cannot be both.
    known = season >= _earliest(first_event, horizon) and season < min((*train, *closer), default=season)
    return CutoffPlan(horizon, judge, train, note, near, closer, season if known else None)


def _fitting(wanted: int, most: int) -> int | None:
    """The wanted horizon, or the longest shorter one, of at most so many days."""
    return wanted if wanted <= most else max((days for days in SHORTER_HORIZONS if days <= most), default=None)


def _midnights(
    first_event: date, today: date, horizon_days: int, settings: ModelSettings, most: int
) -> tuple[date, tuple[date, ...]]:
    """The latest midnight whose horizon has closed, and at most so many before it whose labels had ended by then."""
    judge = today - timedelta(days=horizon_days)
    latest = judge - timedelta(days=horizon_days)
    spaced = (latest - timedelta(days=settings.cutoff_spacing_days * step) for step in range(most))
    return judge, tuple(day for day in spaced if day >= _earliest(first_event, horizon_days))


def _earliest(first_event: date, horizon_days: int) -> date:
    return first_event + timedelta(days=min(28, horizon_days))
