"""Spreads, shares and hours against figures that can be worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from math import log

import numpy as np
import pandas as pd
import pytest

from ml.watch.bounds import Bounds
from ml.watch.hours import best_turn, clock_oddities
from ml.watch.oddity import Oddity, causes
from ml.watch.share import ShareMeasure, share_oddities
from ml.watch.spread import spread_oddities, stability

FIRST = date(2026, 1, 5)
DAYS = [FIRST + timedelta(days=number) for number in range(30)]
LAST = {DAYS[-1]}


def test_the_index_is_the_sum_over_values_of_difference_times_log_ratio() -> None:
    now, usual = np.array([[0.5, 0.3, 0.2]]), np.array([0.2, 0.3, 0.5])
    by_hand = (0.5 - 0.2) * log(0.5 / 0.2) + 0.0 + (0.2 - 0.5) * log(0.2 / 0.5)
    assert stability(now, usual)[0] == pytest.approx(by_hand)


def spread(last: dict[str, int], usual: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"event_date": day, "value": value, "events": number}
            for day in DAYS
            for value, number in (last if day == DAYS[-1] else usual).items()
        ]
    )


def test_amounts_times_a_hundred_are_said_so() -> None:
    # 100 is 13.3 half steps of the logarithm to the base of 2.
    usual, moved = {"10.0": 60, "11.0": 80, "12.0": 60}, {"23.0": 60, "24.0": 80, "25.0": 60}
    (found,) = spread_oddities(spread(moved, usual), "till", "amount", LAST, Bounds())
    assert found.what.endswith("(times 90)")  # 13 half steps are 2 ** 6.5 = 90.5; half an event a value takes a little
    assert spread_oddities(spread(usual, usual), "till", "amount", LAST, Bounds()) == []


def test_a_quiet_day_of_a_small_source_is_no_news_by_chance() -> None:
    """A till with 100 orders a day and 60 on Sundays, whose amounts are of one distribution always."""
    rng = np.random.default_rng(1)
    found: list[Oddity] = []
    for _ in range(12):
        rows = [
            pd.DataFrame({"event_date": day, "value": np.floor(rng.normal(10, 1.7, orders)).astype(str)})
            for day, orders in ((day, 60 if day.weekday() == 6 else 100) for day in DAYS)
        ]
        counts = pd.concat(rows).value_counts().rename("events").reset_index()
        found += spread_oddities(counts, "till", "amount", set(DAYS), Bounds())
    assert [one.detail for one in found] == []


def test_a_rare_type_that_vanishes_is_less_than_a_common_one() -> None:
    usual = {"a": 600, "b": 390, "c": 10}
    assert spread_oddities(spread({"a": 600, "b": 400}, usual), "web", "event_type", LAST, Bounds()) == []
    (found,) = spread_oddities(spread({"a": 990, "c": 10}, usual), "web", "event_type", LAST, Bounds())
    assert "a 99% instead of 60%" in found.what
    assert "b 0% instead of 39%" in found.what


@pytest.mark.parametrize(("bad", "odd"), [(2, False), (6, False), (30, True)])
def test_a_share_has_to_rise_beyond_the_bound(bad: int, odd: bool) -> None:
    rows = pd.DataFrame({"event_date": DAYS, "bad": [2] * 29 + [bad], "total": 100})
    found = share_oddities(rows, "web", ShareMeasure("nulls", "x empty"), LAST, Bounds())
    assert bool(found) is odd


@pytest.mark.parametrize(("weeks", "found"), [(8, True), (6, True), (5, False)])
def test_a_source_that_comes_weekly_is_judged_by_its_own_weeks(weeks: int, found: bool) -> None:
    days = [FIRST + timedelta(weeks=number) for number in range(weeks + 1)]
    bad = pd.DataFrame({"event_date": days, "bad": [0] * weeks + [60], "total": 60})
    amounts = pd.DataFrame({"event_date": days, "value": ["10.0"] * weeks + ["23.0"], "events": 60})
    repeated = share_oddities(bad, "catalogue", ShareMeasure("duplicates", "repeated rows"), {days[-1]}, Bounds())
    moved = spread_oddities(amounts, "catalogue", "amount", {days[-1]}, Bounds())
    assert [len(repeated), len(moved)] == [found, found]


def test_a_share_that_scatters_is_given_room() -> None:
    rows = pd.DataFrame({"event_date": DAYS, "bad": [5, 40, 20, 60, 10] * 5 + [5, 40, 20, 60, 58], "total": 100})
    assert share_oddities(rows, "web", ShareMeasure("nulls", "x empty"), LAST, Bounds()) == []


@pytest.mark.parametrize("turn", [-6, 3, 11])
def test_the_turn_of_a_clock_is_found(turn: int) -> None:
    usual = np.r_[np.zeros(8), np.arange(1, 17)] / 136
    assert best_turn(np.roll(usual, turn), usual) == (turn, pytest.approx(0))


def test_an_outage_of_half_a_day_is_no_wrong_clock() -> None:
    usual = {hour: 10 + hour for hour in range(24)}
    rows = [
        {"event_date": day, "value": str(hour), "events": number}
        for day in DAYS
        for hour, number in usual.items()
        if day != DAYS[-1] or hour < 12
    ]
    assert clock_oddities(pd.DataFrame(rows), "web", LAST, Bounds()) == []


def test_a_cause_takes_what_it_explains_with_it_and_nothing_else() -> None:
    def odd(source: str, kind: str, day: date = FIRST) -> Oddity:
        return Oddity(source, day, kind, kind, "", 1, 0, 0, "events")  # type: ignore[arg-type]

    found = [odd("web", "volume_low"), odd("web", "mix"), odd("web", "nulls"), odd("till", "mix")]
    kept = causes(found)
    assert [(one.source, one.kind) for one in kept] == [("till", "mix"), ("web", "nulls"), ("web", "volume_low")]
    assert kept[2].also == (f"web, {FIRST}: mix",)
    refunds = [odd("till", "silent"), odd("returns", "orphans")]
    assert len(causes(refunds)) == 2
    assert [one.kind for one in causes(refunds, {"till"})] == ["silent"]
