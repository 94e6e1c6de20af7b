"""The month's books: what visits were worth by the truth, and what waits to happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from orchestration.month.ledger import Entry, Ledger, Money, total
from orchestration.month.outcomes import Shopping, Waiting, schedule
from simulation.month.planted import BANNERS, plant
from simulation.month.responses import Responses, Shown, respond

HOUR = datetime(2018, 1, 3, 5, tzinfo=UTC)
PLANTED = plant((-1, 0, 1), seed=3)
NONE_PAUSED = np.zeros(len(BANNERS), dtype=np.bool_)


def entry(banners: list[int], seen: list[bool] | None = None, paused: tuple[int, ...] = ()) -> Entry:
    n = len(banners)
    places = np.arange(n) % 3
    shown = Shown(places, np.zeros(n, dtype=np.int64), np.array(banners, dtype=np.int64), np.arange(n) % 2)
    was_shown = np.array([True] * n if seen is None else seen, dtype=np.bool_)
    out = NONE_PAUSED.copy()
    out[list(paused)] = True
    responses = respond(PLANTED, shown, np.random.default_rng(1))
    ids = [f"{at:032x}" for at in range(n)]
    return Entry(HOUR, ids, np.arange(n), shown, was_shown, np.zeros(n, dtype=np.int64), responses, out)


def by_hand(one: Entry, at: int, banner: int) -> float:
    segment, delivery = int(one.shown.segment[at]), int(one.shown.delivery[at])
    return float(PLANTED.margin()[segment, 0, banner, delivery])


def test_money_is_that_of_the_visits_whose_banner_was_learned() -> None:
    one = entry([0, 1, 2, 4, 3], seen=[True, True, True, True, False])
    found = one.money(PLANTED)
    assert found.visits == 3
    assert found.bandit == pytest.approx(sum(by_hand(one, at, banner) for at, banner in ((1, 1), (2, 2), (3, 4))))
    learned = (1, 2, 3)
    assert found.whole_split == pytest.approx(
        sum(np.mean([by_hand(one, at, b) for b in (1, 2, 3, 4)]) for at in learned)
    )
    assert found.split == pytest.approx(found.whole_split)
    assert found.oracle == pytest.approx(sum(max(by_hand(one, at, b) for b in (1, 2, 3, 4)) for at in learned))
    drawn = one.responses.margin - one.responses.lost
    assert found.earned == pytest.approx(drawn[[1, 2, 3]].sum())


def test_a_paused_banner_leaves_the_split_it_is_compared_with() -> None:
    open_, paused = entry([1, 2, 3]).money(PLANTED), entry([1, 2, 3], paused=(4,)).money(PLANTED)
    assert paused.split > open_.split
    assert paused.whole_split == pytest.approx(open_.whole_split)
    assert paused.oracle == pytest.approx(open_.oracle)


def test_an_hour_without_visits_is_worth_nothing() -> None:
    assert entry([]).money(PLANTED) == Money(0, 0.0, 0.0, 0.0, 0.0, 0.0) == total([])


def test_the_whole_is_the_sum_of_the_hours_and_is_written_down(tmp_path: Path) -> None:
    ledger = Ledger(PLANTED, [entry([1, 2]), entry([3, 4, 0])])
    assert ledger.money().visits == 4
    assert ledger.money() == total([ledger.entries[0].money(PLANTED), ledger.entries[1].money(PLANTED)])
    assert ledger.money(HOUR + timedelta(hours=1)).visits == 0
    ledger.write(tmp_path)
    visits, arms = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("visits", "arms"))
    assert visits.num_rows == 5
    assert arms.num_rows == 3 * 3 * len(BANNERS)
    rows = arms.to_pylist()
    assert rows[7]["expected_margin"] == pytest.approx(PLANTED.margin()[0, 1, 2, 0])


def certain(*, in_visit: bool) -> Responses:
    """One visit in which everything happens."""
    yes = np.array([True])
    return Responses(
        clicked=yes,
        ordered=yes,
        in_visit=np.array([in_visit]),
        order_delay_s=np.array([120.0]),
        amount=np.array([30.0]),
        margin=np.array([8.4]),
        returned=yes,
        return_delay_s=np.array([3 * 86_400.0]),
        lost=np.array([9.9]),
        complained=yes,
        complaint_delay_s=np.array([3_600.0]),
    )


def visit() -> Shopping:
    return Shopping(HOUR, 7, "ms-7", [{"type": "cookie", "value": "mk-1"}], "a" * 32, "p-1")


@pytest.mark.parametrize("in_visit", [True, False])
def test_what_follows_a_visit_happens_in_order_and_once(in_visit: bool) -> None:
    waiting = Waiting()
    schedule(waiting, visit(), certain(in_visit=in_visit), 0)
    assert waiting.due(HOUR) == []
    soon = waiting.due(HOUR + timedelta(hours=1))
    assert [event["event_type"] for event in soon] == ["content_clicked", "order_completed"]
    assert ("personalization_id" in soon[1]) is in_visit
    assert soon[1]["properties"]["margin_amount"] == 8.4
    later = waiting.due(HOUR + timedelta(days=9))
    assert [event["event_type"] for event in later] == ["complaint_made", "return_received", "order_refunded"]
    assert later[2]["order_id"] == soon[1]["order_id"]
    assert later[2]["properties"]["margin_amount"] == 9.9
    assert len(waiting) == 0
    assert sum(waiting.told.values()) == 5
    assert len({event["event_id"] for event in soon + later}) == 5
