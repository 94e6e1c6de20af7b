"""Cut-offs: labels never overlap what is judged, and a short history shortens the horizon."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.settings import ModelSettings
from orchestration.cutoffs import SHORTEST_HORIZON_DAYS, plan_cutoffs

SETTINGS = ModelSettings()
AS_OF = datetime(2018, 1, 2, tzinfo=UTC)


def test_a_full_year_gives_the_full_horizon() -> None:
    plan = plan_cutoffs(date(2017, 1, 1), AS_OF, SETTINGS)
    assert (plan.horizon_days, plan.judge, plan.note) == (91, date(2017, 10, 3), "")
    assert plan.train == tuple(date(2017, 7, 4) - timedelta(days=28 * step) for step in range(5))


def test_a_short_history_says_that_the_horizon_shrinks() -> None:
    plan = plan_cutoffs(date(2017, 1, 1), datetime(2017, 3, 2, tzinfo=UTC), SETTINGS)
    assert plan.horizon_days == 14
    assert plan.note == "60 days of history: the horizon is 14 days instead of 91"
    assert plan.possible


@pytest.mark.parametrize(("wanted", "longest"), [(None, 91), (60, 60), (364, 182)])
def test_a_young_shop_changes_its_horizon_seldom_so_that_its_models_can_be_compared(
    wanted: int | None, longest: int
) -> None:
    settings = ModelSettings(horizon_days=wanted)
    plans = [plan_cutoffs(AS_OF.date() - timedelta(days=days), AS_OF, settings) for days in range(21, 600)]
    horizons = [plan.horizon_days for plan in plans]
    assert horizons == sorted(horizons)
    steps = [days for days in (7, 14, 21, 28, 42, 56, 91, 182, 364) if days < longest]
    assert sorted(set(horizons)) == [*steps, longest]
    assert all(horizon * 3 <= days for horizon, days in zip(horizons, range(21, 600), strict=True))


@pytest.mark.parametrize(("first", "reason"), [(None, "no events"), (date(2017, 12, 20), "at least 21")])
def test_without_history_nothing_is_planned(first: date | None, reason: str) -> None:
    plan = plan_cutoffs(first, AS_OF, SETTINGS)
    assert not plan.possible
    assert reason in plan.note
    assert plan.frame().empty
    assert list(plan.frame().columns) == ["as_of", "horizon_days", "role"]


@given(
    st.integers(min_value=0, max_value=900),
    st.builds(
        ModelSettings,
        horizon_days=st.integers(7, 200),
        cutoff_spacing_days=st.integers(7, 60),
        max_train_cutoffs=st.integers(1, 8),
    ),
)
def test_windows_never_overlap(days: int, settings: ModelSettings) -> None:
    first = AS_OF.date() - timedelta(days=days)
    plan = plan_cutoffs(first, AS_OF, settings)
    if plan.judge is None:
        assert days // 3 < SHORTEST_HORIZON_DAYS
        return
    horizon = timedelta(days=plan.horizon_days)
    assert plan.horizon_days <= (settings.horizon_days or 91)
    assert plan.judge + horizon <= AS_OF.date()
    assert len(plan.train) <= settings.max_train_cutoffs
    assert all(first < day and day + horizon <= plan.judge for day in plan.train)
    assert plan.possible
    season = ["season"] * (plan.season is not None)
    frame = plan.frame()
    assert frame.loc[frame["role"] != "near", "role"].tolist() == [*season, *["train"] * len(plan.train), "judge"]
    assert frame["as_of"].is_unique
    if not plan.near:
        assert settings.near_horizon_days >= plan.horizon_days
        return
    near, (*teach, judge) = timedelta(days=settings.near_horizon_days), plan.near
    assert judge == AS_OF.date() - near
    assert 0 < len(teach) <= settings.max_train_cutoffs
    assert all(first < day and day + near <= judge for day in teach)
    windows = plan.windows()["as_of"]
    assert set(windows) <= set(frame["as_of"])
    assert plan.season is None or plan.season < min(windows.dt.date)


def test_the_near_horizon_is_judged_on_the_latest_midnight_whose_labels_are_known() -> None:
    plan = plan_cutoffs(date(2017, 1, 1), AS_OF, SETTINGS)
    days = [date(2017, 9, 8), date(2017, 10, 6), date(2017, 11, 3), date(2017, 12, 3)]
    assert plan.windows()["as_of"].dt.date.tolist() == days
    assert set(plan.windows()["horizon_days"]) == {30}
    near = plan.frame().loc[plan.frame()["role"] == "near"]
    assert (near["as_of"].dt.date.tolist(), set(near["horizon_days"])) == (days, {30})


def test_a_midnight_of_both_horizons_is_made_once() -> None:
    plan = plan_cutoffs(date(2017, 1, 1), AS_OF, ModelSettings(horizon_days=60))
    shared = plan.frame().loc[plan.frame()["as_of"] == pd.Timestamp("2017-11-03")]
    assert shared[["horizon_days", "role"]].to_numpy().tolist() == [[60, "judge"]]
    assert pd.Timestamp("2017-11-03") in plan.windows()["as_of"].tolist()


@pytest.mark.parametrize("near", [0, 91, 200])
def test_there_is_no_near_horizon_that_is_not_nearer(near: int) -> None:
    plan = plan_cutoffs(date(2017, 1, 1), AS_OF, ModelSettings(near_horizon_days=near))
    assert plan.windows().empty
    assert set(plan.frame()["role"]) == {"train", "judge"}


@pytest.mark.parametrize(("settings", "days"), [(ModelSettings(), 182), (ModelSettings(horizon_days=60), 60)])
def test_a_horizon_that_is_set_is_never_learned(settings: ModelSettings, days: int) -> None:
    plan = plan_cutoffs(date(2015, 1, 1), AS_OF, settings, learned_days=182)
    assert plan.horizon_days == days


def test_the_same_weeks_of_last_year_are_looked_at_once_there_are_some() -> None:
    assert plan_cutoffs(date(2017, 1, 1), AS_OF, SETTINGS).season is None
    plan = plan_cutoffs(date(2016, 6, 1), AS_OF, SETTINGS)
    assert plan.season == AS_OF.date() - timedelta(days=364)
    assert plan.season.weekday() == AS_OF.weekday()
    assert plan.season not in plan.windows()["as_of"].dt.date.tolist()
