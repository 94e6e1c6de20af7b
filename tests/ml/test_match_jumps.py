"""Jumps of the match rate: real ones are found, chance and thin days are not."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.match_jumps import match_jumps

DAY = date(2017, 3, 15)


def _history(
    today: tuple[int, int, int], *, days: int = 7, usual: tuple[int, int, int] = (4000, 3200, 0)
) -> pd.DataFrame:
    """(events, matched, sessions) of the day, and of each of the days before it."""
    rows = [("web", DAY, *today)]
    rows += [("web", DAY - timedelta(days=back), *usual) for back in range(1, days + 1)]
    return pd.DataFrame(rows, columns=["source", "event_date", "events", "matched", "sessions"])


@pytest.mark.parametrize(("matched", "found"), [(2960, True), (3040, False), (3360, False), (3440, True)])
def test_six_points_either_way_are_a_jump_and_four_are_not(matched: int, found: bool) -> None:
    jumps = match_jumps(_history((4000, matched, 0)), DAY, jump=0.05)
    assert bool(jumps) is found


def test_the_sentence_names_source_day_and_both_rates() -> None:
    (jump,) = match_jumps(_history((4000, 2000, 0)), DAY, jump=0.05)
    assert jump.sentence == "web: match rate fell to 50.0% on 2017-03-15, from 80.0% the week before"


def test_few_visits_may_scatter_by_more_than_the_bound() -> None:
    # 90 visits of 40 events: one standard error of their share is 4 points, so 8 points are chance.
    few = (3600, 2592, 90)
    usual = (4000, 3200, 100)
    assert match_jumps(_history(few, usual=usual), DAY, jump=0.05) == []
    assert len(match_jumps(_history((3600, 2592, 0), usual=(4000, 3200, 0)), DAY, jump=0.05)) == 1


def test_a_thin_day_or_a_short_history_says_nothing() -> None:
    assert match_jumps(_history((99, 0, 0)), DAY, jump=0.05) == []
    assert match_jumps(_history((4000, 0, 0), days=2), DAY, jump=0.05) == []
    assert len(match_jumps(_history((4000, 0, 0), days=3), DAY, jump=0.05)) == 1


def test_other_days_and_sources_do_not_count() -> None:
    old = _history((4000, 2000, 0)).assign(event_date=lambda f: f["event_date"] - pd.Timedelta(days=1))
    assert match_jumps(old, DAY, jump=0.05) == []
    two = pd.concat([_history((4000, 2000, 0)), _history((4000, 3200, 0)).assign(source="till")])
    assert [jump.source for jump in match_jumps(two, DAY, jump=0.05)] == ["web"]


def test_chance_alone_hardly_ever_jumps() -> None:
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(300):
        visits = rng.binomial(150, 0.85, size=8)
        frame = _history((1500, int(visits[0]) * 10, 150))
        frame.loc[1:, ["events", "matched", "sessions"]] = np.column_stack(
            [np.full(7, 1500), visits[1:] * 10, np.full(7, 150)]
        )
        found += len(match_jumps(frame, DAY, jump=0.05))
    # Three standard errors: 0.27 % of 300 days.
    assert found <= 3


def test_no_history_at_all() -> None:
    assert match_jumps(_history((4000, 2000, 0)).head(0), DAY, jump=0.05) == []
